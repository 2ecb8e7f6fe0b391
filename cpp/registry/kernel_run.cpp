#include "registry/kernel_run.h"

#include <algorithm>

#include "runtime/parallel.h"
#include "runtime/scratch.h"

namespace gradmill {
namespace {

// Waking sleeping threads costs tens of microseconds, on a busy machine more: below this many operations one thread is
// quicker.
constexpr double operations_worth_threads = 400e3;

}  // namespace

int workers_for(const KernelPlan& plan) {
  if (plan.operations < operations_worth_threads) return 1;
  const int64_t most_units = *std::max_element(plan.units, plan.units + plan.phases);
  return lockstep_workers(static_cast<int>(std::min<int64_t>(thread_count(), most_units)));
}

size_t scratch_bytes(const KernelPlan& plan, int workers) {
  return round_up_to_line(plan.shared_scratch_bytes) +
         round_up_to_line(plan.worker_scratch_bytes) * static_cast<size_t>(workers);
}

void run_kernel(const KernelPlan& plan, void* const* buffers, int workers, char* scratch) {
  char* const own_scratch = scratch + round_up_to_line(plan.shared_scratch_bytes);
  const size_t own_bytes = round_up_to_line(plan.worker_scratch_bytes);
  SpinBarrier barrier(workers);
  run_lockstep(workers, [&](int worker) {
    KernelCall call{buffers, scratch, own_scratch + own_bytes * static_cast<size_t>(worker), plan.parameters, 0, 0, 0};
    for (call.phase = 0; call.phase < plan.phases; ++call.phase) {
      if (call.phase > 0) barrier.wait();
      const UnitRange share = share_of(plan.units[call.phase], worker, workers);
      call.begin = share.begin;
      call.end = share.end;
      if (call.begin < call.end) plan.run(call);
    }
  });
}

}  // namespace gradmill
