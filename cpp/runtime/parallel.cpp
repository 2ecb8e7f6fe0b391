#include "runtime/parallel.h"

#include <omp.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

#include "base/error.h"
#include "base/settings.h"

namespace gradmill {
namespace {

// Spins of some tens of nanoseconds each: about 50 microseconds before the processor is given away.
constexpr int spins_before_yield = 2000;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Denormal numbers cost up to a hundred times the time of others and carry no information in training (the moments of
// Adam decay into them), so kernels treat them as zero; the mode of the thread is put back afterwards.
class DenormalsAreZero {
 public:
#if defined(__x86_64__)
  DenormalsAreZero() : before_(__builtin_ia32_stmxcsr()) { __builtin_ia32_ldmxcsr(before_ | 0x8040u); }
  ~DenormalsAreZero() { __builtin_ia32_ldmxcsr(before_); }

 private:
  unsigned before_;
#elif defined(__aarch64__)
  DenormalsAreZero() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" ::"r"(before_ | (uint64_t{1} << 24)));
  }
  ~DenormalsAreZero() { asm volatile("msr fpcr, %0" ::"r"(before_)); }

 private:
  uint64_t before_;
#endif
};

// Processors granted by the control group, rounded up; 0 when there is no quota.
int control_group_quota() {
  std::ifstream second("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (second >> quota >> period && quota != "max" && period > 0) {
    return static_cast<int>(std::ceil(std::atof(quota.c_str()) / period));
  }
  std::ifstream first_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), first_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  double microseconds = 0;
  if (first_quota >> microseconds && first_period >> period && microseconds > 0 && period > 0) {
    return static_cast<int>(std::ceil(microseconds / period));
  }
  return 0;
}

int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  const int quota = control_group_quota();
  if (quota > 0) count = std::min(count, quota);
  return std::max(1, count);
}

// The thread sanitizer does not see how libgomp starts and ends a parallel region, so it is told: what the caller did
// happened before what the workers do, and that before what the caller does next. What the compiler hands to the
// workers itself lies outside of that, so functions with a parallel region are not looked at.
#define GM_HAS_PARALLEL_REGION __attribute__((no_sanitize("thread")))
#if defined(__SANITIZE_THREAD__)
void region_released(void* region) { __tsan_release(region); }
void region_acquired(void* region) { __tsan_acquire(region); }
#else
void region_released(void*) {}
void region_acquired(void*) {}
#endif

// The process that started the OpenMP pool. A forked child has the pool's bookkeeping but not its threads, and would
// wait for them for ever: it runs on one worker.
std::atomic<pid_t> pool_owner{0};

}  // namespace

int thread_count() {
  static const int automatic = usable_processors();
  return settings().threads > 0 ? settings().threads : automatic;
}

void set_thread_count(int threads) {
  if (threads < 0 || threads > 1024) {
    throw ArgumentError(text("threads: expected a number from 0 (automatic) to 1024; received ", threads));
  }
  settings().threads = threads;
}

GM_HAS_PARALLEL_REGION int lockstep_workers(int wanted) {
  if (wanted <= 1 || omp_in_parallel()) return 1;
  pid_t owner = 0;
  if (!pool_owner.compare_exchange_strong(owner, getpid()) && owner != getpid()) return 1;
  // Asked for once per count: a limit of the system may grant fewer.
  static std::atomic<int> asked{1}, granted{1};
  if (wanted > asked.load()) {
    int got = 1;
#pragma omp parallel num_threads(wanted)
#pragma omp single
    got = omp_get_num_threads();
    granted.store(got);
    asked.store(wanted);
  }
  return std::min(wanted, granted.load());
}

GM_HAS_PARALLEL_REGION void run_lockstep(int workers, FunctionRef<void(int)> body) {
  if (workers == 1) {
    const DenormalsAreZero mode;
    return body(0);
  }
  void* const region = &body;
  region_released(region);
#pragma omp parallel num_threads(workers)
  {
    region_acquired(region);
    const DenormalsAreZero mode;
    body(omp_get_thread_num());
    region_released(region);
  }
  region_acquired(region);
}

void SpinBarrier::wait() {
  const uint32_t generation = generation_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == workers_ - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    generation_.store(generation + 1, std::memory_order_release);
    return;
  }
  for (int spins = 0; generation_.load(std::memory_order_acquire) == generation; ++spins) {
    if (work_()) {
      spins = 0;
    } else if (spins < spins_before_yield) {
      relax();
    } else {
      sched_yield();
    }
  }
}

}  // namespace gradmill
