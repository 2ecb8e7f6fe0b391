#include "base/bfloat16_units.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace gradmill {
namespace {

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

bool find_tiles() {
#if defined(__x86_64__)
  constexpr unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24;  // of edx
  unsigned a = 0, b = 0, c = 0, d = 0;
  const bool has = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & amx_bf16) && (d & amx_tile);
  return has && system_grants_tiles();
#else
  return false;
#endif
}

}  // namespace

bool cpu_has_bfloat16_pairs() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

bool cpu_has_bfloat16_tiles() {
  static const bool found = find_tiles();
  return found;
}

}  // namespace gradmill
