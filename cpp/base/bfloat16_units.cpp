#include "base/bfloat16_units.h"

#include <algorithm>
#include <string>
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "base/cpu_features.h"

namespace gradmill {
namespace {

bool cpu_has(const std::string& unit) {
  const auto units = half_precision_units();
  return std::find(units.begin(), units.end(), unit) != units.end();
}

// Tiles are 8 KB more to save for each thread, so Linux wants to be asked before their first use: arch_prctl with
// ARCH_REQ_XCOMP_PERM for the component XTILEDATA (Linux 5.16; Documentation/arch/x86/xstate.rst).
bool system_grants_tiles() {
#if defined(__x86_64__) && defined(__linux__)
  constexpr long request_permission = 0x1023, tile_data = 18;
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return false;
#endif
}

}  // namespace

bool cpu_has_bfloat16_pairs() { return cpu_has("AVX512-BF16"); }

bool cpu_has_bfloat16_tiles() {
  static const bool found = cpu_has("AMX-BF16") && system_grants_tiles();
  return found;
}

}  // namespace gradmill
