// How a chain runs: its pieces in slots, and then the sums of all slots together.
#include <algorithm>
#include <chrono>
#include <cstring>

#include "execute/chain.h"

namespace gradmill {
namespace {

using Clock = std::chrono::steady_clock;

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

void add_as(DType dtype, char* y, const char* x, size_t bytes) {
  if (dtype == DType::float32) {
    add(reinterpret_cast<float*>(y), reinterpret_cast<const float*>(x), static_cast<int64_t>(bytes / sizeof(float)));
  } else {
    add(reinterpret_cast<double*>(y), reinterpret_cast<const double*>(x), static_cast<int64_t>(bytes / sizeof(double)));
  }
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

}  // namespace

std::unique_ptr<PreparedKernel> Chain::kernel() const {
  auto prepared = std::make_unique<PreparedKernel>();
  prepared->name = "chain";
  KernelPlan& plan = prepared->plan;
  plan = KernelPlan{};
  double operations = 0;
  for (const Member& member : members_) {
    if (!member.kernels.empty()) operations += member.kernels[0]->plan.operations * static_cast<double>(pieces_);
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
    const size_t bytes = static_cast<size_t>(sum.elements) * size_of(sum.dtype);
    add_as(sum.dtype, slot + sum.slot_offset, fresh + sum.new_offset, bytes);
  }
}

char* Chain::outside(const KernelCall& call, const Buffer& buffer, int64_t piece) const {
  char* start = static_cast<char*>(call.buffers[buffer.index]) + buffer.stride * static_cast<size_t>(piece / buffer.pieces_a_step);
  if (!buffer.rows_of) return start;
  return start + static_cast<size_t>(bands_->range(buffer.rows_of, band_of(piece)).begin) * buffer.row_bytes;
}

// The rows of a member's results that the next band needs too move to the front.
void Chain::keep_rows(char* scratch, const Member& member, int64_t band) const {
  for (size_t o = 0; o < member.node->outputs.size(); ++o) {
    const Value* value = member.node->outputs[o].get();
    const Buffer& buffer = member.buffers[member.node->inputs.size() + o];
    if (buffer.kind != Kind::inside) continue;  // there they stay where they are
    const int64_t gone = bands_->range(value, band).begin - bands_->range(value, band - 1).begin;
    std::memmove(scratch + buffer.offset, scratch + buffer.offset + static_cast<size_t>(gone) * buffer.row_bytes,
                 static_cast<size_t>(bands_->known(value, band)) * buffer.row_bytes);
  }
}

// What a piece reads of the memory of the plan, less the rows that it shares with the band before.
void Chain::look_ahead(const KernelCall& call, int64_t piece, Ahead& ahead) const {
  const int64_t band = band_of(piece);
  for (const Member& member : members_) {
    if (member.buffers.empty()) continue;
    for (size_t i = 0; i < member.node->inputs.size(); ++i) {
      const Buffer& buffer = member.buffers[i];
      if (member.roles.inputs[i] != InputRole::cut || buffer.kind != Kind::outside) continue;
      const char* begin = outside(call, buffer, piece);
      size_t bytes = 0;
      if (!bands_) {
        const int64_t count = start_of(piece + 1) - start_of(piece);
        bytes = static_cast<size_t>(count) * (buffer.stride / static_cast<size_t>(piece_));
      } else {
        const RowRange rows = bands_->range(buffer.rows_of, band);
        const int64_t known = bands_->known(buffer.rows_of, band);
        begin += static_cast<size_t>(known) * buffer.row_bytes;
        bytes = static_cast<size_t>(rows.count() - known) * buffer.row_bytes;
      }
      add_range(ahead, begin, bytes);
    }
  }
}

// Adds what a piece made to the sums of its image.
void Chain::join_images(const Member& member, const KernelCall& call, int64_t piece) const {
  for (size_t o = 0; o < member.node->outputs.size(); ++o) {
    const Buffer& buffer = member.buffers[member.node->inputs.size() + o];
    if (buffer.kind != Kind::image_sum) continue;
    add_as(member.node->outputs[o]->type.dtype, outside(call, buffer, piece), call.worker_scratch + buffer.offset, buffer.stride);
  }
}

void Chain::run_pieces(const KernelCall& call, int64_t slot) const {
  char* const sums = call.shared_scratch + slot_bytes_ * static_cast<size_t>(slot);
  char* const scratch = call.worker_scratch;
  const int64_t first = first_piece(slot), last = first_piece(slot + 1);
  Ahead ahead;
  set_worker_ahead(&ahead);
  Clock::time_point before;
  if (nanoseconds_) before = Clock::now();
  for (int64_t piece = first; piece < last; ++piece) {
    const int kind = kind_of(piece);
    clear(ahead);
    if (piece + 1 < last) look_ahead(call, piece + 1, ahead);
    for (const Member& member : members_) {
      if (member.buffers.empty()) continue;
      const bool adds = piece > first && !member.adding.empty();
      const bool continued = piece > first && !member.continuing.empty() && band_of(piece) > 0;
      if (continued) keep_rows(scratch, member, band_of(piece));
      if (continued && !member.continuing[kind]) continue;
      void* pointers[2 * max_tile_operands];
      for (size_t b = 0; b < member.buffers.size(); ++b) {
        const Buffer& buffer = member.buffers[b];
        switch (buffer.kind) {
          case Kind::outside: pointers[b] = outside(call, buffer, piece); break;
          case Kind::inside: pointers[b] = scratch + buffer.offset; break;
          case Kind::image_sum:
            pointers[b] = piece % together_ ? scratch + buffer.offset : outside(call, buffer, piece);
            break;
          case Kind::sum: {
            const Sum& sum = sums_[buffer.index];
            pointers[b] = piece == first || adds ? sums + sum.slot_offset : scratch + sum.new_offset;
          }
        }
        if (continued && buffer.rows_of) {
          const auto rows = static_cast<size_t>(bands_->known(buffer.rows_of, band_of(piece)));
          pointers[b] = static_cast<char*>(pointers[b]) + rows * buffer.row_bytes;
        }
      }
      if (adds) pointers[3] = pointers[2];  // the sum is an operand too
      const KernelPlan& plan = (adds ? member.adding : continued ? member.continuing : member.kernels)[kind]->plan;
      KernelCall one{pointers, scratch + shared_scratch_at_, scratch + worker_scratch_at_, plan.parameters, 0, 0, 0};
      for (one.phase = 0; one.phase < plan.phases; ++one.phase) {
        one.end = plan.units[one.phase];
        plan.run(one);
      }
      if (piece % together_) join_images(member, call, piece);
      if (piece > first && !adds && !member.sums.empty()) {
        join(member, sums, scratch, start_of(piece) - start_of(first), start_of(piece + 1) - start_of(piece));
      }
      if (nanoseconds_) {
        const Clock::time_point now = Clock::now();
        nanoseconds_[&member - members_.data()] += std::chrono::nanoseconds(now - before).count();
        before = now;
      }
    }
  }
  set_worker_ahead(nullptr);
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
      const int64_t before = start_of(first_piece(slot)), all = start_of(first_piece(slot + 1));
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

}  // namespace gradmill
