#include "execute/chain.h"

#include <algorithm>
#include <unordered_set>

#include "base/check.h"
#include "math/tile_builder.h"
#include "passes/nodes.h"
#include "runtime/scratch.h"

namespace gradmill {
namespace {

constexpr size_t piece_bytes = 192 * 1024;  // of all values of a piece, which stay in a second-level cache
constexpr int64_t fewest_rows = 48, most_rows = 2048;
constexpr int64_t fewest_summed_rows = 96;  // a product of so many rows hides that its sum is read and written
constexpr int64_t fewest_slots = 16, most_slots = 64;
constexpr size_t banded_bytes = 7 * 1024 * 1024;  // of an image's values: beyond, it is cut into bands
constexpr int64_t fewest_band_rows = 2;

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
  share_places();
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
  if (grain_.by_rows) return;
  for (Member& member : members_) {
    std::replace(member.roles.outputs.begin(), member.roles.outputs.end(), OutputRole::per_image, OutputRole::cut);
  }
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
  bool per_image = false, image_sums = false, product_sums = false;
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
      else if (member.roles.outputs[o] == OutputRole::per_image) image_sums = per_image = true;
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
    if (per_image) piece_ = piece_within_images(piece_);
  }
  piece_ = std::clamp<int64_t>(piece_, 1, grain_.total);
  pieces_ = (grain_.total + piece_ - 1) / piece_;
  if (!grain_.by_rows && piece_ == 1) cut_into_bands(bytes / static_cast<size_t>(grain_.total));
  if (image_sums || (bands_ && bands_->stay_together())) together_ = pieces_ / images_;
  // The sums of all slots are written and read once more: little beside the values.
  const int64_t affordable = sums ? static_cast<int64_t>(std::max<size_t>(bytes / 16, 1 << 20) / sums) : most_slots;
  slots_ = std::min(std::clamp(affordable, fewest_slots, most_slots), pieces_ / together_);
}

// Some `rows`, so that an image has whole pieces.
int64_t Chain::piece_within_images(int64_t rows) const {
  const int64_t image = grain_.total / images_;
  for (int64_t more = rows; more <= std::min(rows * 3 / 2, image); ++more) {
    if (image % more == 0) return more;
  }
  int64_t fewer = std::min(rows, image);
  while (image % fewer) --fewer;
  return fewer;
}

void Chain::cut_into_bands(size_t image_bytes) {
  if (image_bytes < banded_bytes) return;
  std::vector<Bands::Member> members;
  for (const Member& member : members_) members.push_back({member.node, &member.roles});
  bands_ = Bands::of(members, [&](const Value* value) { return buffer_of_.count(value) > 0; });
  if (!bands_) return;
  const auto rows = static_cast<int64_t>(static_cast<double>(piece_bytes) * static_cast<double>(bands_->own_height()) /
                                         static_cast<double>(image_bytes));
  bands_->cut(std::max(rows, fewest_band_rows));
  pieces_ = grain_.total * bands_->count();
}

int Chain::kinds() const {
  if (bands_) return static_cast<int>(bands_->kinds().size());
  return grain_.total % piece_ ? 2 : 1;
}

int Chain::kind_of(int64_t piece) const {
  if (bands_) return bands_->kind(band_of(piece));
  return kinds() > 1 && piece + 1 == pieces_ ? 1 : 0;
}

PieceOfNode Chain::piece_of_kind(const Member& member, int kind) const {
  if (bands_) return bands_->piece(*member.node, member.roles, bands_->kinds()[kind]);
  return piece_of_node(*member.node, member.roles, grain_, kind ? grain_.total % piece_ : piece_);
}

int64_t Chain::start_of(int64_t piece) const {
  if (!bands_) return std::min(piece * piece_, grain_.total);
  const int64_t image = piece / bands_->count(), band = band_of(piece);
  return image * bands_->own_height() + (band ? bands_->own(band).begin : 0);
}

bool Chain::sums_products(const Member& member) {
  return member.node->op->id == static_cast<int>(OpId::matmul) && member.roles.outputs[0] == OutputRole::added;
}

void Chain::place_buffers(Member& member) {
  const Node& node = *member.node;
  const auto buffer_for = [&](const ValuePointer& value, bool cut) {
    Buffer buffer;
    const auto outside = buffer_of_.find(value.get());
    buffer.kind = outside == buffer_of_.end() ? Kind::inside : Kind::outside;
    buffer.index = outside == buffer_of_.end() ? 0 : outside->second;
    buffer.stride = value->type.bytes() / grain_.total * piece_;
    if (bands_ && cut) {
      buffer.rows_of = value.get();
      buffer.row_bytes = buffer.stride / static_cast<size_t>(bands_->height(value.get()));
    }
    if (bands_) buffer.pieces_a_step = bands_->count();
    return buffer;
  };
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const ValuePointer& value = source(node.inputs[i]);
    Buffer buffer = buffer_for(value, member.roles.inputs[i] == InputRole::cut);
    if (member.roles.inputs[i] == InputRole::whole) {
      buffer.stride = 0;
    } else if (member.roles.inputs[i] == InputRole::per_image) {
      const size_t line = value->type.bytes() / images_;
      buffer.stride = grain_.by_rows ? line : line * piece_;
      if (grain_.by_rows) buffer.pieces_a_step = grain_.total / images_ / piece_;
    }
    member.buffers.push_back(buffer);
  }
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    const ValuePointer& value = node.outputs[o];
    if (member.roles.outputs[o] == OutputRole::cut) {
      member.buffers.push_back(buffer_for(value, true));
      continue;
    }
    Buffer buffer;
    if (member.roles.outputs[o] == OutputRole::per_image) {
      buffer.kind = Kind::image_sum;
      buffer.index = buffer_of_.at(value.get());
      buffer.stride = value->type.bytes() / images_;
      buffer.pieces_a_step = together_;
      member.buffers.push_back(buffer);
      continue;
    }
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

const Value* Chain::value_of(const Member& member, size_t buffer) const {
  const size_t inputs = member.node->inputs.size();
  return buffer < inputs ? source(member.node->inputs[buffer]).get() : member.node->outputs[buffer - inputs].get();
}

// Elementwise work writes over an operand that nobody reads afterwards.
void Chain::share_places() {
  std::unordered_map<const Value*, const Member*> last_reader;
  for (const Member& member : members_) {
    if (member.node->op->traits.is_view) continue;
    for (const auto& input : member.node->inputs) last_reader[source(input).get()] = &member;
  }
  const auto is_inside = [&](const Value* value) { return !buffer_of_.count(value); };
  for (const Member& member : members_) {
    const Node& node = *member.node;
    if (!is_tile(node) && !is_op(node, OpId::fused_tile)) continue;
    if (bands_ && bands_->continues(node, member.roles)) continue;  // their rows stay for the next band
    std::unordered_set<const Value*> taken;
    for (const auto& output : node.outputs) {
      if (!is_inside(output.get())) continue;
      for (const auto& input : node.inputs) {
        const bool same = input->type.dtype == output->type.dtype && input->type.shape == output->type.shape;
        const Value* read = source(input).get();
        if (!same || !is_inside(read) || last_reader.at(read) != &member || !taken.insert(read).second) continue;
        takes_over_[output.get()] = read;
        break;
      }
    }
  }
}

void Chain::prepare(const MemoryPlan* memory) {
  sums_.reserve(2 * members_.size());  // sums point at each other
  for (Member& member : members_) {
    const Node& node = *member.node;
    if (node.op->traits.is_view) continue;
    member.makes_moments = node.op->id == static_cast<int>(OpId::channel_moments);
    std::vector<int> shared = memory ? shared_memory(node, *memory) : std::vector<int>();
    for (size_t o = 0; o < shared.size(); ++o) {
      const auto over = takes_over_.find(node.outputs[o].get());
      if (over == takes_over_.end()) continue;
      const auto taken = [&](const ValuePointer& input) { return source(input).get() == over->second; };
      shared[o] = static_cast<int>(std::find_if(node.inputs.begin(), node.inputs.end(), taken) - node.inputs.begin());
    }
    place_buffers(member);
    for (int kind = 0; kind < kinds(); ++kind) {
      const PieceOfNode piece = piece_of_kind(member, kind);
      member.kernels.push_back(prepare_kernel(*node.op, piece.attributes, piece.inputs, piece.outputs, memory ? &shared : nullptr));
      if (sums_products(member)) member.adding.push_back(prepare_adding(*node.op, piece));
      if (!bands_ || !bands_->continues(node, member.roles)) continue;
      const int64_t band = bands_->kinds()[kind];
      const PieceOfNode rest = bands_->piece(node, member.roles, band, true);
      const bool none_left = rest.outputs[0].elements() == 0;
      member.continuing.push_back(none_left ? nullptr : prepare_kernel(*node.op, rest.attributes, rest.inputs, rest.outputs, memory ? &shared : nullptr));
    }
  }
}

// Values inside take places in the worker's scratch for as long as they are needed, the largest first.
void Chain::place_scratch() {
  struct Stay {
    size_t bytes, offset;
    int first, last;
  };
  std::vector<Stay> stays;
  std::unordered_map<const Value*, size_t> index;
  const auto is_placed = [&](const Value* value) { return index.count(value) > 0; };
  for (size_t m = 0; m < members_.size(); ++m) {
    const Member& member = members_[m];
    if (member.node->op->traits.is_view) continue;
    for (size_t b = 0; b < member.buffers.size(); ++b) {
      if (member.buffers[b].kind != Kind::inside) continue;
      const Value* value = value_of(member, b);
      if (!is_placed(value)) {
        const auto over = takes_over_.find(value);
        index[value] = over == takes_over_.end() ? stays.size() : index.at(over->second);
        const Buffer& buffer = member.buffers[b];
        const size_t bytes = bands_ ? static_cast<size_t>(bands_->most_rows(value)) * buffer.row_bytes : buffer.stride;
        if (index[value] == stays.size()) stays.push_back({round_up_to_line(bytes), 0, static_cast<int>(m), 0});
      }
      Stay& stay = stays[index[value]];
      stay.last = member.continuing.empty() ? std::max(stay.last, static_cast<int>(m)) : static_cast<int>(members_.size());
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
    for (size_t b = 0; b < member.buffers.size(); ++b) {
      if (member.buffers[b].kind == Kind::inside) member.buffers[b].offset = stays[index.at(value_of(member, b))].offset;
    }
  }
  for (Member& member : members_) {
    for (Buffer& buffer : member.buffers) {
      if (buffer.kind != Kind::image_sum) continue;
      buffer.offset = total;
      total += round_up_to_line(buffer.stride);
    }
  }
  for (Sum& sum : sums_) {
    sum.new_offset = total;
    total += round_up_to_line(static_cast<size_t>(sum.elements) * size_of(sum.dtype));
  }
  size_t shared = 0, own = 0;
  for (const Member& member : members_) {
    for (const auto* kernels : {&member.kernels, &member.adding, &member.continuing}) {
      for (const auto& kernel : *kernels) {
        if (!kernel) continue;
        shared = std::max(shared, round_up_to_line(kernel->plan.shared_scratch_bytes));
        own = std::max(own, round_up_to_line(kernel->plan.worker_scratch_bytes));
      }
    }
  }
  shared_scratch_at_ = total;
  worker_scratch_at_ = total + shared;
  scratch_bytes_ = total + shared + own;
}

std::vector<Chain::Part> Chain::parts() const {
  std::vector<Part> result;
  for (const Member& member : members_) {
    if (member.buffers.empty()) continue;
    size_t bytes = 0;
    for (size_t b = 0; b < member.buffers.size(); ++b) {
      if (member.buffers[b].kind == Kind::inside) continue;
      bytes += value_of(member, b)->type.bytes();
    }
    result.push_back({member.node, member.kernels[0]->name, bytes});
  }
  return result;
}

void Chain::start_timing() {
  nanoseconds_ = std::make_unique<std::atomic<int64_t>[]>(members_.size());
  for (size_t i = 0; i < members_.size(); ++i) nanoseconds_[i] = 0;
}

std::vector<int64_t> Chain::stop_timing() {
  std::vector<int64_t> result;
  for (size_t i = 0; i < members_.size(); ++i) {
    if (!members_[i].buffers.empty()) result.push_back(nanoseconds_[i]);
  }
  nanoseconds_ = nullptr;
  return result;
}

std::string Chain::describe() const {
  return text(pieces_, " pieces of ", bands_ ? bands_->own(0).count() : piece_,
              bands_ ? " rows of images" : grain_.by_rows ? " rows" : " images", " in ", slots_, " slots, ",
              scratch_bytes_, " bytes of scratch");
}

}  // namespace gradmill
