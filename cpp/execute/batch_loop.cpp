#include "execute/batch_loop.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/settings.h"
#include "registry/input_conversion.h"
#include "registry/registry.h"

namespace gradmill {
namespace {

// Bytes of a batch that a worker gathers before it looks whether others wait for it: below a microsecond.
constexpr int64_t bytes_at_once = 4096;

}  // namespace

BatchLoop::BatchLoop(std::shared_ptr<Plan> plan, std::vector<RowSource> sources) : plan_(std::move(plan)) {
  const auto& inputs = plan_->graph().inputs;
  if (sources.size() != inputs.size()) {
    throw ArgumentError(text("batch loop: expected ", inputs.size(), " arrays; received ", sources.size()));
  }
  size_t row_bytes = 0;
  for (size_t i = 0; i < sources.size(); ++i) {
    const TensorType& type = inputs[i]->type;
    if (type.shape.rank() < 1) throw ShapeError("batch loop: an input of the step has no batch axis");
    if (i == 0) batch_ = type.shape[0];
    if (type.shape[0] != batch_ || batch_ < 1) throw ShapeError("batch loop: the inputs have different batch sizes");
    const int64_t row = type.elements() / batch_;
    Gather gather{sources[i], nullptr, static_cast<size_t>(row) * size_of(type.dtype),
                  {Tensor::empty(type), Tensor::empty(type)}};
    row_bytes += gather.target_bytes;
    if (sources[i].dtype != type.dtype) {
      const OpDef& cast = op_definition(OpId::cast);
      gather.convert = prepare_kernel(cast, Attributes::of(CastAttributes{type.dtype}),
                                      {{sources[i].dtype, Shape{row}}}, {{type.dtype, Shape{row}}});
    }
    gathers_.push_back(std::move(gather));
  }
  rows_at_once_ = std::max<int64_t>(1, bytes_at_once / std::max<int64_t>(1, static_cast<int64_t>(row_bytes)));
  for (const auto& output : plan_->graph().outputs) outputs_.push_back(Tensor::empty(output->type));
}

std::vector<void*> BatchLoop::input_pointers(int set) const {
  std::vector<void*> pointers;
  for (const Gather& gather : gathers_) pointers.push_back(gather.targets[set].raw());
  return pointers;
}

std::vector<void*> BatchLoop::output_pointers() const {
  std::vector<void*> pointers;
  for (const Tensor& output : outputs_) pointers.push_back(output.raw());
  return pointers;
}

// Rows [begin, end) of a batch whose rows are order[0], order[1], ... or first_row, first_row + 1, ...
void BatchLoop::gather_rows(const int64_t* order, int64_t first_row, int64_t begin, int64_t end, int set) const {
  for (const Gather& gather : gathers_) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = order ? order[i] : first_row + i;
      const char* from = gather.source.data + row * gather.source.row_stride;
      char* to = static_cast<char*>(gather.targets[set].raw()) + static_cast<size_t>(i) * gather.target_bytes;
      if (!gather.convert) {
        std::memcpy(to, from, gather.target_bytes);
      } else if (!gather.convert->empty()) {
        void* const buffers[2] = {const_cast<char*>(from), to};
        const KernelPlan& plan = gather.convert->plan;
        plan.run(KernelCall{buffers, nullptr, nullptr, plan.parameters, 0, 0, plan.units[0]});
      }
    }
  }
}

// Pieces of batches to gather, taken by whichever worker has nothing else to do. Batches lie in two sets of tensors in
// turn: while a step reads one, the next batch is put into the other.
class BatchLoop::Queue {
 public:
  Queue(const BatchLoop& loop, const int64_t* order, int64_t first_row, int64_t steps)
      : loop_(loop), order_(order), first_row_(first_row),
        pieces_((loop.batch_ + loop.rows_at_once_ - 1) / loop.rows_at_once_), all_pieces_(steps * pieces_) {}

  // Batches up to that of `step` may be gathered. Called by one worker when all have finished the step two before.
  void allow(int64_t step) {
    allowed_.store(std::min((step + 1) * pieces_, all_pieces_), std::memory_order_release);
  }

  // Gathers one piece; false when there is none for now.
  bool gather() {
    int64_t piece = next_.load(std::memory_order_relaxed);
    do {
      if (piece >= allowed_.load(std::memory_order_acquire)) return false;
    } while (!next_.compare_exchange_weak(piece, piece + 1, std::memory_order_relaxed));
    const int64_t step = piece / pieces_, begin = piece % pieces_ * loop_.rows_at_once_;
    loop_.gather_rows(order_ ? order_ + step * loop_.batch_ : nullptr, first_row_ + step * loop_.batch_, begin,
                      std::min(begin + loop_.rows_at_once_, loop_.batch_), static_cast<int>(step % 2));
    done_.fetch_add(1, std::memory_order_release);
    return true;
  }

  // Until the batch of `step` is complete. A worker that waits at a barrier may have taken a piece of it after all others
  // found nothing left to take.
  void finish(int64_t step) const {
    const int64_t pieces = std::min((step + 1) * pieces_, all_pieces_);
    while (done_.load(std::memory_order_acquire) < pieces) std::this_thread::yield();
  }

 private:
  const BatchLoop& loop_;
  const int64_t* const order_;
  const int64_t first_row_, pieces_, all_pieces_;
  alignas(64) std::atomic<int64_t> next_{0};
  alignas(64) std::atomic<int64_t> allowed_{0};
  alignas(64) std::atomic<int64_t> done_{0};
};

double BatchLoop::run_steps(const int64_t* order, int64_t first_row, int64_t steps, int workers) {
  plan_->bind({input_pointers(0), input_pointers(1)}, output_pointers(), workers);
  Queue queue(*this, order, first_row, steps);
  const auto gather_piece = [&] { return queue.gather(); };
  SpinBarrier barrier(workers, gather_piece);
  const auto start = std::chrono::steady_clock::now();
  queue.allow(0);
  while (queue.gather()) {
  }
  run_lockstep(workers, [&](int worker) {
    for (int64_t step = 0; step < steps; ++step) {
      if (worker == 0) queue.allow(step + 1);
      plan_->run_share(worker, workers, barrier, static_cast<int>(step % 2));
      while (queue.gather()) {
      }
      if (workers > 1) barrier.wait();
      queue.finish(step + 1);
    }
  });
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  plan_->finish();
  return elapsed.count();
}

void BatchLoop::run_adaptively(const int64_t* order, int64_t first_row, int64_t steps) {
  const int most = lockstep_workers(thread_count());
  const bool certain = most == 1 || plan_->operations() > operations_beyond_doubt;
  for (int64_t done = 0; done < steps;) {
    const int64_t count = certain ? steps : std::min(trials_.stretch(), steps - done);
    workers_ = certain ? most : trials_.workers(most);
    const double seconds = run_steps(order ? order + done * batch_ : nullptr, first_row + done * batch_, count, workers_);
    if (!certain) trials_.note(count, seconds, most);
    done += count;
  }
}

void BatchLoop::run(const int64_t* order, int64_t first_row, int64_t steps, int64_t number) {
  const std::lock_guard<std::mutex> lock(plan_->mutex());
  if (!settings().check_nan) {
    run_adaptively(order, first_row, steps);
    return;
  }
  plan_->bind({input_pointers(0)}, output_pointers(), 1);
  try {
    for (int64_t step = 0; step < steps; ++step) {
      gather_rows(order ? order + step * batch_ : nullptr, first_row + step * batch_, 0, batch_, 0);
      plan_->run_checked(number + step);
    }
  } catch (...) {
    plan_->finish();
    throw;
  }
  plan_->finish();
}

}  // namespace gradmill
