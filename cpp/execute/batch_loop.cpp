#include "execute/batch_loop.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/settings.h"
#include "registry/input_conversion.h"
#include "registry/registry.h"

namespace gradmill {
namespace {

// Results do not depend on the number of workers, so the loop tries out what is quicker: so many steps each way, again
// after so many steps, since other programs come and go.
constexpr int64_t trial_steps = 12;
// Turns of a trial, half of them each way, so that one disturbance does not decide.
constexpr int trial_turns = 6;
constexpr int64_t steps_between_trials = 4000;
// Plans with more work than this (operations) gain from all workers whatever happens.
constexpr double operations_beyond_doubt = 50e6;

}  // namespace

BatchLoop::BatchLoop(std::shared_ptr<Plan> plan, std::vector<RowSource> sources) : plan_(std::move(plan)) {
  const auto& inputs = plan_->graph().inputs;
  if (sources.size() != inputs.size()) {
    throw ArgumentError(text("batch loop: expected ", inputs.size(), " arrays; received ", sources.size()));
  }
  for (size_t i = 0; i < sources.size(); ++i) {
    const TensorType& type = inputs[i]->type;
    if (type.shape.rank() < 1) throw ShapeError("batch loop: an input of the step has no batch axis");
    if (i == 0) batch_ = type.shape[0];
    if (type.shape[0] != batch_ || batch_ < 1) throw ShapeError("batch loop: the inputs have different batch sizes");
    const int64_t row = type.elements() / batch_;
    Gather gather{sources[i], nullptr, static_cast<size_t>(row) * size_of(sources[i].dtype),
                  static_cast<size_t>(row) * size_of(type.dtype), Tensor::empty(type)};
    if (sources[i].dtype != type.dtype) {
      const OpDef& cast = op_definition(OpId::cast);
      gather.convert = prepare_kernel(cast, Attributes::of(CastAttributes{type.dtype}),
                                      {{sources[i].dtype, Shape{row}}}, {{type.dtype, Shape{row}}});
    }
    gathers_.push_back(std::move(gather));
  }
  for (const auto& output : plan_->graph().outputs) outputs_.push_back(Tensor::empty(output->type));
}

void BatchLoop::gather_share(const int64_t* order, int64_t first_row, int worker, int workers) const {
  const UnitRange share = share_of(batch_, worker, workers);
  for (const Gather& gather : gathers_) {
    for (int64_t i = share.begin; i < share.end; ++i) {
      const int64_t row = order ? order[i] : first_row + i;
      const char* from = gather.source.data + row * gather.source.row_stride;
      char* to = static_cast<char*>(gather.target.raw()) + static_cast<size_t>(i) * gather.target_bytes;
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

double BatchLoop::run_steps(const int64_t* order, int64_t first_row, int64_t steps, int workers) {
  std::vector<void*> inputs, outputs;
  for (const Gather& gather : gathers_) inputs.push_back(gather.target.raw());
  for (const Tensor& output : outputs_) outputs.push_back(output.raw());
  plan_->bind(inputs, outputs, workers);
  SpinBarrier barrier(workers);
  const auto start = std::chrono::steady_clock::now();
  run_lockstep(workers, [&](int worker) {
    for (int64_t step = 0; step < steps; ++step) {
      gather_share(order ? order + step * batch_ : nullptr, first_row + step * batch_, worker, workers);
      if (workers > 1) barrier.wait();
      plan_->run_share(worker, workers, barrier);
      if (workers > 1) barrier.wait();
    }
  });
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  plan_->finish();
  return elapsed.count() / static_cast<double>(std::max<int64_t>(1, steps));
}

void BatchLoop::run_adaptively(const int64_t* order, int64_t first_row, int64_t steps) {
  const int most = lockstep_workers(thread_count());
  int64_t done = 0;
  const auto advance = [&](int64_t count, int workers) {
    count = std::min(count, steps - done);
    const double seconds = run_steps(order ? order + done * batch_ : nullptr, first_row + done * batch_, count, workers);
    done += count;
    steps_since_trial_ += count;
    return seconds;
  };
  if (most == 1 || plan_->operations() > operations_beyond_doubt) {
    workers_ = most;
    advance(steps, most);
    return;
  }
  while (done < steps) {
    if (!in_trial_) {
      if (steps_since_trial_ < steps_between_trials) {
        advance(steps_between_trials - steps_since_trial_, std::min(workers_, most));
        continue;
      }
      in_trial_ = true;
      trial_ = Trial();
    }
    const int64_t before = done;
    const double seconds = advance(trial_steps - trial_.steps, trial_.turn % 2 ? 1 : most);
    trial_.steps += done - before;
    trial_.seconds += seconds * static_cast<double>(done - before);
    if (trial_.steps >= trial_steps) end_turn(most);
  }
}

void BatchLoop::end_turn(int most) {
  double& best = trial_.best[trial_.turn % 2];
  best = std::min(best, trial_.seconds / static_cast<double>(trial_.steps));
  trial_.steps = 0;
  trial_.seconds = 0;
  if (++trial_.turn < trial_turns) return;
  workers_ = trial_.best[1] < trial_.best[0] ? 1 : most;
  in_trial_ = false;
  steps_since_trial_ = 0;
}

void BatchLoop::run(const int64_t* order, int64_t first_row, int64_t steps, int64_t number) {
  const std::lock_guard<std::mutex> lock(plan_->mutex());
  if (!settings().check_nan) {
    run_adaptively(order, first_row, steps);
    return;
  }
  std::vector<void*> inputs, outputs;
  for (const Gather& gather : gathers_) inputs.push_back(gather.target.raw());
  for (const Tensor& output : outputs_) outputs.push_back(output.raw());
  plan_->bind(inputs, outputs, 1);
  try {
    for (int64_t step = 0; step < steps; ++step) {
      gather_share(order ? order + step * batch_ : nullptr, first_row + step * batch_, 0, 1);
      plan_->run_checked(number + step);
    }
  } catch (...) {
    plan_->finish();
    throw;
  }
  plan_->finish();
}

}  // namespace gradmill
