// Built at the baseline level on purpose: code that asks what the CPU can do must itself run anywhere.
#include "base/cpu_features.h"

#include <algorithm>
#include <fstream>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/error.h"
#include "base/settings.h"

namespace gradmill {
namespace {

bool cpu_supports(const std::string& level) {
#if defined(__x86_64__)
  if (level == "generic") return true;
  if (level == "avx2") {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  }
  if (level == "avx512") {
    return cpu_supports("avx2") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
  }
  return false;
#else
  return level == "neon";
#endif
}

std::string join(const std::vector<std::string>& names) {
  std::string result;
  for (const auto& name : names) result += (result.empty() ? "" : ", ") + name;
  return result;
}

std::string choose() {
  const auto usable = usable_instruction_sets();
  const std::string& forced = settings().instruction_set;
  if (forced.empty()) return usable.back();
  if (std::find(usable.begin(), usable.end(), forced) == usable.end()) {
    throw ArgumentError(text("GRADMILL_ISA: expected one of ", join(usable), " on this CPU; received '", forced, "'"));
  }
  return forced;
}

}  // namespace

std::vector<std::string> usable_instruction_sets() {
  std::vector<std::string> result;
#define GM_ADD_LEVEL(level) \
  if (cpu_supports(#level)) result.push_back(#level);
  GM_FOR_EACH_ISA(GM_ADD_LEVEL)
#undef GM_ADD_LEVEL
  return result;
}

std::vector<std::string> half_precision_units() {
  std::vector<std::string> result;
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__builtin_cpu_supports("avx2") && __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C)) result.push_back("F16C");
  if (__builtin_cpu_supports("avx512bf16")) result.push_back("AVX512-BF16");
  constexpr unsigned amx = 1u << 22 | 1u << 24, avx512_fp16 = 1u << 23;  // of edx; AMX-BF16 with AMX-TILE
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    if ((d & avx512_fp16) && __builtin_cpu_supports("avx512f")) result.push_back("AVX512-FP16");
    if ((d & amx) == amx) result.push_back("AMX-BF16");
  }
#endif
  return result;
}

const std::string& cpu_model() {
  static const std::string model = [] {
    std::ifstream file("/proc/cpuinfo");
    std::string described;
    // "model name" where the system knows it; else what tells the parts of an Arm processor apart.
    for (std::string line; std::getline(file, line) && !line.empty();) {
      const size_t colon = line.find(": ");
      if (colon == std::string::npos) continue;
      if (line.rfind("model name", 0) == 0) return line.substr(colon + 2);
      if (line.rfind("CPU ", 0) == 0) described += (described.empty() ? "" : " ") + line.substr(colon + 2);
    }
    return described.empty() ? std::string("unknown processor") : described;
  }();
  return model;
}

const std::string& instruction_set() {
  static const std::string level = choose();
  return level;
}

}  // namespace gradmill
