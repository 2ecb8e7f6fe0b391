// The only user of OpenMP: how many workers there are, and running something on all of them.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/function_ref.h"

namespace gradmill {

// Workers that kernels use: what set_threads or GRADMILL_THREADS said, else the processors this process may use, bounded
// by the quota of its control group.
int thread_count();
// 0 returns to the automatic choice. Throws ArgumentError below 0 or above 1024.
void set_thread_count(int threads);

// How many workers can really run at the same time here: 1 in a forked child and inside a parallel region.
int lockstep_workers(int wanted);
// Runs body(worker) for worker 0 .. workers-1, each on a thread of its own, so they may wait for each other, and returns
// when all are done. `workers` must come from lockstep_workers; the body must not throw. Denormals are zero inside.
void run_lockstep(int workers, FunctionRef<void(int)> body);

// The share [begin, end) of `units` that belongs to a worker: contiguous, sizes differ by at most one.
struct UnitRange {
  int64_t begin, end;
};
inline UnitRange share_of(int64_t units, int worker, int workers) {
  return {units * worker / workers, units * (worker + 1) / workers};
}

// A meeting point of workers that run in lockstep. Whoever waits does pieces of other work, as long as `work` returns
// true, then spins for a short while, since steps of a plan are short, and then yields the processor, so that a busy
// machine is not made worse.
class SpinBarrier {
 public:
  explicit SpinBarrier(int workers) : SpinBarrier(workers, no_work) {}
  // `work` must outlive the barrier and be callable from all workers at once.
  SpinBarrier(int workers, FunctionRef<bool()> work) : workers_(workers), work_(work) {}
  void wait();

 private:
  struct NoWork {
    bool operator()() const { return false; }
  };
  static constexpr NoWork no_work{};

  const int workers_;
  const FunctionRef<bool()> work_;
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<uint32_t> generation_{0};
};

}  // namespace gradmill
