#include "execute/peak.h"

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/cpu_features.h"
#include "runtime/parallel.h"

namespace gradmill {

// cpu/multiply_add_loop_cpu.cpp, compiled once for each level.
#define GM_DECLARE_LEVEL(level)                                                     \
  namespace isa_##level {                                                           \
  float multiply_add_loop(int64_t rounds, float factor, float term, double* count); \
  }
GM_FOR_EACH_ISA(GM_DECLARE_LEVEL)
#undef GM_DECLARE_LEVEL

namespace {

using Clock = std::chrono::steady_clock;
using Loop = float (*)(int64_t, float, float, double*);

Loop loop_in_use() {
#define GM_USE_LEVEL(level) \
  if (instruction_set() == #level) return isa_##level::multiply_add_loop;
  GM_FOR_EACH_ISA(GM_USE_LEVEL)
#undef GM_USE_LEVEL
  return nullptr;
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Some milliseconds: short enough to lie between two interruptions.
constexpr int64_t rounds = 1 << 20;

}  // namespace

double peak_multiply_adds(double seconds) {
  const Loop loop = loop_in_use();
  const int workers = lockstep_workers(thread_count());
  // Sums stay between 0 and 11: no overflow and no denormals, whatever the number of rounds.
  volatile float factor = 0.5F, term = 0.5F;
  double best = 0;
  const Clock::time_point start = Clock::now();
  do {
    SpinBarrier barrier(workers);
    std::vector<double> counts(static_cast<size_t>(workers)), times(counts.size());
    run_lockstep(workers, [&](int worker) {
      barrier.wait();
      const Clock::time_point begin = Clock::now();
      volatile float result = loop(rounds, factor, term, &counts[static_cast<size_t>(worker)]);
      static_cast<void>(result);
      times[static_cast<size_t>(worker)] = seconds_since(begin);
    });
    double rate = 0;
    for (size_t i = 0; i < counts.size(); ++i) rate += counts[i] / times[i];
    if (rate > best) best = rate;
  } while (seconds_since(start) < seconds);
  return best;
}

}  // namespace gradmill
