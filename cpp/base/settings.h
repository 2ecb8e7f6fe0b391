// Every environment switch of the engine, read once when the library is loaded.
#pragma once

#include <string>
#include <vector>

namespace gradmill {

struct Settings {
  // GRADMILL_THREADS: workers for kernels; 0 means "as many as this process may use".
  int threads = 0;
  // GRADMILL_ISA: generic, avx2, avx512 or neon; empty picks the best that the CPU has.
  std::string instruction_set;
  // GRADMILL_DISABLE_PASSES: comma-separated names of optional passes to leave out.
  std::vector<std::string> disabled_passes;
  // GRADMILL_LOG: comma-separated topics (dispatch, passes, graph, memory, tuning) printed to standard error.
  std::vector<std::string> log_topics;
  // GRADMILL_VERIFY=1: verify the graph after every pass.
  bool verify_passes = false;
  // GRADMILL_CHECK_NAN=1: start with the check of every result for NaN and infinity switched on.
  bool check_nan = false;
  // GRADMILL_PLAN_CACHE: compiled plans that one traced function keeps.
  int plan_cache_size = 64;
  // GRADMILL_TUNE=1: the kernels of convolutions are chosen by measuring them, once per shape and machine.
  bool kernel_tuning = false;
  // GRADMILL_PREFER_KERNEL: name of a kernel, as plan.describe() prints it, that is taken wherever it can.
  std::string preferred_kernel;
  // GRADMILL_MEMORY_LIMIT: mebibytes that this process should keep to; 0 means what machine and control group allow.
  int memory_limit_mebibytes = 0;
};

// The settings of this process. The reference is mutable: `gm.config` writes to it.
Settings& settings();

}  // namespace gradmill
