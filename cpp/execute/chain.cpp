#include "execute/chain.h"

#include <algorithm>

#include "base/check.h"
#include "math/tile_builder.h"
#include "runtime/scratch.h"

namespace gradmill {
namespace {

constexpr size_t piece_bytes = 192 * 1024;  // of all values of a piece, which stay in a second-level cache
constexpr int64_t fewest_rows = 48, most_rows = 2048;
constexpr int64_t fewest_summed_rows = 96;  // a product of so many rows hides that its sum is read and written
constexpr int64_t most_slots = 64;
constexpr int64_t joined_elements = 512;  // of a unit of the second phase

int64_t divide_up(int64_t x, int64_t y) { return (x + y - 1) / y; }

// y += x, in blocks that the compiler makes vectors of.
template <class T>
void add(T* y, const T* x, int64_t count) {
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int64_t k = 0; k < 8; ++k) y[i + k] += x[i + k];
  }
  for (; i < count; ++i) y[i] += x[i];
}

// Mean and variance of two sets together (Chan, Golub and LeVeque 1979).
template <class T>
void join_moments(T* mean, T* variance, const T* other_mean, const T* other_variance, int64_t count, double before,
                  double added) {
  const double all = before + added, share = added / all;
  for (int64_t i = 0; i < count; ++i) {
    const double distance = static_cast<double>(other_mean[i]) - static_cast<double>(mean[i]);
    const double spread = static_cast<double>(variance[i]) * (1 - share) + static_cast<double>(other_variance[i]) * share;
    mean[i] = static_cast<T>(static_cast<double>(mean[i]) + distance * share);
    variance[i] = static_cast<T>(spread + distance * distance * share * (1 - share));
  }
}

// A product with the sum so far as an epilogue.
std::unique_ptr<PreparedKernel> prepare_adding(const OpDef& op, const PieceOfNode& piece) {
  auto group = std::make_shared<TileGroup>();
  const TensorType& type = piece.outputs[0];
  group->shape = type.shape;
  group->inputs = {group->add_value(type), group->add_value(type)};
  group->outputs = {group->add_value(type)};
  group->steps.push_back({static_cast<int>(OpId::add), Attributes(), group->inputs, group->outputs[0]});
  const std::vector<int> shared{2};
  return prepare_kernel(op, with_epilogue(op, piece.attributes, group), {piece.inputs[0], piece.inputs[1], type}, {type}, &shared);
}

}  // namespace

Chain::Chain(std::vector<const Node*> nodes, const Users& users, const MemoryPlan* memory) {
  for (const Node* node : nodes) {
    auto roles = chain_roles(*node);
    GM_CHECK(roles, node->op->name(), " cannot be cut into pieces");
    member_of_[node] = static_cast<int>(members_.size());
    members_.emplace_back();
    members_.back().node = node;
    members_.back().roles = std::move(*roles);
  }
  choose_grain();
  place_values(users);
  cut_into_pieces();
  prepare(memory);
  place_scratch();
}

bool Chain::contains(const Node* node) const { return member_of_.count(node) > 0; }

void Chain::choose_grain() {
  int64_t rows = members_.front().roles.rows;
  for (const Member& member : members_) {
    if (member.roles.rows != rows) rows = 0;
    images_ = std::max(images_, member.roles.images);
  }
  grain_ = {rows > 0, rows > 0 ? rows : images_};
  GM_CHECK(grain_.total > 0, "a chain without common rows or images");
}

// What a view made inside the chain shows.
const ValuePointer& Chain::source(const ValuePointer& value) const {
  const Node* producer = value->producer;
  return producer && producer->op->traits.is_view && contains(producer) ? source(producer->inputs[0]) : value;
}

// Whether nobody outside reads the value, nor a view of it.
bool Chain::is_inside(const ValuePointer& value, const Users& users) const {
  const auto found = users.find(value.get());
  if (found == users.end()) return false;
  return std::all_of(found->second.begin(), found->second.end(), [&](const Node* user) {
    return contains(user) && (!user->op->traits.is_view || is_inside(user->outputs[0], users));
  });
}

void Chain::place_values(const Users& users) {
  std::unordered_map<const Value*, bool> inside;
  for (const Member& member : members_) {
    if (member.node->op->traits.is_view) {
      const ValuePointer& shown = source(member.node->outputs[0]);
      const auto found = inside.find(shown.get());
      if (found != inside.end() && found->second) inside_.push_back(member.node->outputs[0].get());
      continue;
    }
    for (size_t o = 0; o < member.node->outputs.size(); ++o) {
      const ValuePointer& output = member.node->outputs[o];
      inside[output.get()] = member.roles.outputs[o] == OutputRole::cut && is_inside(output, users);
      if (inside[output.get()]) inside_.push_back(output.get());
    }
  }
  for (const Member& member : members_) {
    if (member.node->op->traits.is_view) continue;
    for (const auto& input : member.node->inputs) {
      const ValuePointer& read = source(input);
      if (read->producer && contains(read->producer)) continue;
      if (buffer_of_.emplace(read.get(), static_cast<int>(inputs_.size())).second) inputs_.push_back(read);
    }
  }
  for (const Member& member : members_) {
    if (member.node->op->traits.is_view) continue;
    for (const auto& output : member.node->outputs) {
      if (inside.at(output.get())) continue;
      buffer_of_[output.get()] = static_cast<int>(inputs_.size() + outputs_.size());
      outputs_.push_back(output);
    }
  }
}

// As many rows or images as fit a part of the cache; with values that hold one line an image no piece spans two images.
void Chain::cut_into_pieces() {
  std::unordered_map<const Value*, size_t> values;
  bool per_image = false, product_sums = false;
  size_t sums = 0;
  for (const Member& member : members_) {
    for (size_t i = 0; i < member.node->inputs.size(); ++i) {
      const ValuePointer& value = source(member.node->inputs[i]);
      if (member.roles.inputs[i] == InputRole::cut) values[value.get()] = value->type.bytes();
      per_image = per_image || member.roles.inputs[i] == InputRole::per_image;
    }
    for (size_t o = 0; o < member.node->outputs.size(); ++o) {
      const ValuePointer& value = source(member.node->outputs[o]);
      if (member.roles.outputs[o] == OutputRole::cut) values[value.get()] = value->type.bytes();
      else sums += value->type.bytes();
    }
    product_sums = product_sums || sums_products(member);
  }
  size_t bytes = 0;
  for (const auto& [value, size] : values) bytes += size;
  const double one = static_cast<double>(bytes) / static_cast<double>(grain_.total);
  piece_ = static_cast<int64_t>(static_cast<double>(piece_bytes) / one);
  if (grain_.by_rows) {
    piece_ = std::clamp(piece_, product_sums ? fewest_summed_rows : fewest_rows, most_rows);
    piece_ -= piece_ % 12;  // whole blocks of rows in the kernels of products
    const int64_t group = per_image ? grain_.total / images_ : grain_.total;
    piece_ = std::min(piece_, group);
    while (per_image && group % piece_) --piece_;
  }
  piece_ = std::clamp<int64_t>(piece_, 1, grain_.total);
  pieces_ = divide_up(grain_.total, piece_);
  const int64_t affordable = sums ? static_cast<int64_t>(std::max<size_t>(bytes / 4, 1 << 20) / sums) : most_slots;
  slots_ = std::clamp<int64_t>(std::min(affordable, most_slots), 1, pieces_);
}

int64_t Chain::size_of_piece(int64_t piece) const { return std::min(piece_, grain_.total - piece * piece_); }

bool Chain::sums_products(const Member& member) {
  return member.node->op->id == static_cast<int>(OpId::matmul) && member.roles.outputs[0] == OutputRole::added;
}

void Chain::place_buffers(Member& member) {
  const Node& node = *member.node;
  const auto cut_buffer = [&](const ValuePointer& value) {
    Buffer buffer;
    const auto outside = buffer_of_.find(value.get());
    buffer.kind = outside == buffer_of_.end() ? Kind::inside : Kind::outside;
    buffer.index = outside == buffer_of_.end() ? 0 : outside->second;
    buffer.stride = value->type.bytes() / grain_.total * piece_;
    return buffer;
  };
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const ValuePointer& value = source(node.inputs[i]);
    Buffer buffer = cut_buffer(value);
    if (member.roles.inputs[i] == InputRole::whole) {
      buffer.stride = 0;
    } else if (member.roles.inputs[i] == InputRole::per_image) {
      const size_t line = value->type.bytes() / images_;
      buffer.stride = grain_.by_rows ? line : line * piece_;
      buffer.pieces_a_step = grain_.by_rows ? grain_.total / images_ / piece_ : 1;
    }
    member.buffers.push_back(buffer);
  }
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    const ValuePointer& value = node.outputs[o];
    if (member.roles.outputs[o] == OutputRole::cut) {
      member.buffers.push_back(cut_buffer(value));
      continue;
    }
    Buffer buffer;
    buffer.kind = Kind::sum;
    buffer.index = static_cast<int>(sums_.size());
    member.sums.push_back(buffer.index);
    const Sum* mean = member.makes_moments && o == 1 ? &sums_.back() : nullptr;
    sums_.push_back({value->type.dtype, value->type.elements(), slot_bytes_, 0, buffer_of_.at(value.get()), mean,
                     member.makes_moments && o == 0});
    slot_bytes_ += round_up_to_line(value->type.bytes());
    member.buffers.push_back(buffer);
  }
}

void Chain::prepare(const MemoryPlan* memory) {
  sums_.reserve(2 * members_.size());  // sums point at each other
  for (Member& member : members_) {
    const Node& node = *member.node;
    if (node.op->traits.is_view) continue;
    member.makes_moments = node.op->id == static_cast<int>(OpId::channel_moments);
    place_buffers(member);
    const std::vector<int> shared = memory ? shared_memory(node, *memory) : std::vector<int>();
    for (int which = 0; which < 2; ++which) {
      const int64_t size = which ? size_of_piece(pieces_ - 1) : piece_;
      if (which && size == piece_) break;
      const PieceOfNode piece = piece_of_node(node, member.roles, grain_, size);
      member.kernel[which] = prepare_kernel(*node.op, piece.attributes, piece.inputs, piece.outputs, memory ? &shared : nullptr);
      if (sums_products(member)) member.adding[which] = prepare_adding(*node.op, piece);
    }
  }
}

// Values inside take places in the worker's scratch for as long as they are needed, the largest first.
void Chain::place_scratch() {
  struct Stay {
    const Value* value;
    size_t bytes, offset;
    int first, last;
  };
  std::vector<Stay> stays;
  std::unordered_map<const Value*, size_t> index;
  const auto is_placed = [&](const Value* value) { return index.count(value) > 0; };
  for (size_t m = 0; m < members_.size(); ++m) {
    const Member& member = members_[m];
    if (member.node->op->traits.is_view) continue;
    const size_t inputs = member.node->inputs.size();
    for (size_t b = 0; b < member.buffers.size(); ++b) {
      if (member.buffers[b].kind != Kind::inside) continue;
      const Value* value = b < inputs ? source(member.node->inputs[b]).get() : member.node->outputs[b - inputs].get();
      if (!is_placed(value)) {
        index[value] = stays.size();
        stays.push_back({value, round_up_to_line(member.buffers[b].stride), 0, static_cast<int>(m), 0});
      }
      stays[index[value]].last = static_cast<int>(m);
    }
  }
  std::vector<size_t> order(stays.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return stays[a].bytes > stays[b].bytes; });
  size_t total = 0;
  std::vector<const Stay*> placed;
  for (size_t i : order) {
    Stay& stay = stays[i];
    std::sort(placed.begin(), placed.end(), [](const Stay* a, const Stay* b) { return a->offset < b->offset; });
    for (const Stay* other : placed) {
      if (other->last < stay.first || stay.last < other->first) continue;
      if (stay.offset + stay.bytes <= other->offset) break;
      stay.offset = std::max(stay.offset, other->offset + other->bytes);
    }
    placed.push_back(&stay);
    total = std::max(total, stay.offset + stay.bytes);
  }
  for (Member& member : members_) {
    const size_t inputs = member.node->inputs.size();
    for (size_t b = 0; b < member.buffers.size(); ++b) {
      if (member.buffers[b].kind != Kind::inside) continue;
      const Value* value = b < inputs ? source(member.node->inputs[b]).get() : member.node->outputs[b - inputs].get();
      member.buffers[b].offset = stays[index.at(value)].offset;
    }
  }
  for (Sum& sum : sums_) {
    sum.new_offset = total;
    total += round_up_to_line(static_cast<size_t>(sum.elements) * size_of(sum.dtype));
  }
  size_t shared = 0, own = 0;
  for (const Member& member : members_) {
    for (const auto* kernels : {member.kernel, member.adding}) {
      for (int which = 0; which < 2; ++which) {
        if (!kernels[which]) continue;
        shared = std::max(shared, round_up_to_line(kernels[which]->plan.shared_scratch_bytes));
        own = std::max(own, round_up_to_line(kernels[which]->plan.worker_scratch_bytes));
      }
    }
  }
  shared_scratch_at_ = total;
  worker_scratch_at_ = total + shared;
  scratch_bytes_ = total + shared + own;
}

std::unique_ptr<PreparedKernel> Chain::kernel() const {
  auto prepared = std::make_unique<PreparedKernel>();
  prepared->name = "chain";
  KernelPlan& plan = prepared->plan;
  plan = KernelPlan{};
  double operations = 0;
  for (const Member& member : members_) {
    if (member.kernel[0]) operations += member.kernel[0]->plan.operations * static_cast<double>(pieces_);
  }
  set_units(plan, run, slots_, operations);
  if (!sums_.empty()) {
    plan.phases = 2;
    for (const Sum& sum : sums_) plan.units[1] += divide_up(sum.elements, joined_elements);
    plan.shared_scratch_bytes = slot_bytes_ * static_cast<size_t>(slots_);
  }
  plan.worker_scratch_bytes = scratch_bytes_;
  parameters_of<const Chain*>(plan) = this;
  return prepared;
}

void Chain::join(const Member& member, char* slot, const char* fresh, int64_t before, int64_t added) const {
  if (member.makes_moments) {
    const Sum &mean = sums_[member.sums[0]], &variance = sums_[member.sums[1]];
    const auto join_as = [&](auto zero) {
      using T = decltype(zero);
      join_moments(reinterpret_cast<T*>(slot + mean.slot_offset), reinterpret_cast<T*>(slot + variance.slot_offset),
                   reinterpret_cast<const T*>(fresh + mean.new_offset), reinterpret_cast<const T*>(fresh + variance.new_offset),
                   mean.elements, static_cast<double>(before), static_cast<double>(added));
    };
    return mean.dtype == DType::float32 ? join_as(0.0f) : join_as(0.0);
  }
  for (const int number : member.sums) {
    const Sum& sum = sums_[number];
    if (sum.dtype == DType::float32) {
      add(reinterpret_cast<float*>(slot + sum.slot_offset), reinterpret_cast<const float*>(fresh + sum.new_offset), sum.elements);
    } else {
      add(reinterpret_cast<double*>(slot + sum.slot_offset), reinterpret_cast<const double*>(fresh + sum.new_offset), sum.elements);
    }
  }
}

void Chain::run_pieces(const KernelCall& call, int64_t slot) const {
  char* const sums = call.shared_scratch + slot_bytes_ * static_cast<size_t>(slot);
  char* const scratch = call.worker_scratch;
  const int64_t first = first_piece(slot), last = first_piece(slot + 1);
  for (int64_t piece = first; piece < last; ++piece) {
    const bool smaller = size_of_piece(piece) != piece_;
    for (const Member& member : members_) {
      if (member.buffers.empty()) continue;
      const bool adds = piece > first && member.adding[smaller];
      void* pointers[2 * max_tile_operands];
      for (size_t b = 0; b < member.buffers.size(); ++b) {
        const Buffer& buffer = member.buffers[b];
        switch (buffer.kind) {
          case Kind::outside:
            pointers[b] = static_cast<char*>(call.buffers[buffer.index]) + buffer.stride * (piece / buffer.pieces_a_step);
            break;
          case Kind::inside: pointers[b] = scratch + buffer.offset; break;
          case Kind::sum: {
            const Sum& sum = sums_[buffer.index];
            pointers[b] = piece == first || adds ? sums + sum.slot_offset : scratch + sum.new_offset;
          }
        }
      }
      if (adds) pointers[3] = pointers[2];  // the sum is an operand too
      const KernelPlan& plan = (adds ? member.adding : member.kernel)[smaller]->plan;
      KernelCall one{pointers, scratch + shared_scratch_at_, scratch + worker_scratch_at_, plan.parameters, 0, 0, 0};
      for (one.phase = 0; one.phase < plan.phases; ++one.phase) {
        one.end = plan.units[one.phase];
        plan.run(one);
      }
      if (piece > first && !adds && !member.sums.empty()) join(member, sums, scratch, (piece - first) * piece_, size_of_piece(piece));
    }
  }
}

template <class T>
void Chain::join_slots(const KernelCall& call, const Sum& sum, int64_t begin, int64_t end) const {
  const auto at = [&](int64_t slot, const Sum& which) {
    return reinterpret_cast<T*>(call.shared_scratch + slot_bytes_ * static_cast<size_t>(slot) + which.slot_offset);
  };
  T* to = static_cast<T*>(call.buffers[sum.buffer]);
  if (sum.mean) return;  // written together with the mean
  const Sum* variance = sum.is_mean ? &sum + 1 : nullptr;
  std::copy(at(0, sum) + begin, at(0, sum) + end, to + begin);
  if (variance) std::copy(at(0, *variance) + begin, at(0, *variance) + end, static_cast<T*>(call.buffers[variance->buffer]) + begin);
  for (int64_t slot = 1; slot < slots_; ++slot) {
    if (variance) {
      const int64_t before = first_piece(slot) * piece_, all = std::min(first_piece(slot + 1) * piece_, grain_.total);
      join_moments(to + begin, static_cast<T*>(call.buffers[variance->buffer]) + begin, at(slot, sum) + begin,
                   at(slot, *variance) + begin, end - begin, static_cast<double>(before), static_cast<double>(all - before));
    } else {
      add(to + begin, at(slot, sum) + begin, end - begin);
    }
  }
}

void Chain::run(const KernelCall& call) {
  const Chain& chain = *parameters_of<const Chain*>(call);
  if (call.phase == 0) {
    for (int64_t slot = call.begin; slot < call.end; ++slot) chain.run_pieces(call, slot);
    return;
  }
  int64_t unit = 0;
  for (const Sum& sum : chain.sums_) {
    const int64_t units = divide_up(sum.elements, joined_elements);
    const int64_t from = std::max(call.begin - unit, int64_t{0}), to = std::min(call.end - unit, units);
    if (from < to) {
      const int64_t begin = from * joined_elements, end = std::min(to * joined_elements, sum.elements);
      if (sum.dtype == DType::float32) chain.join_slots<float>(call, sum, begin, end);
      else chain.join_slots<double>(call, sum, begin, end);
    }
    unit += units;
  }
}

std::string Chain::describe() const {
  return text(pieces_, " pieces of ", piece_, grain_.by_rows ? " rows" : " images", " in ", slots_, " slots, ",
              scratch_bytes_, " bytes of scratch");
}

}  // namespace gradmill
