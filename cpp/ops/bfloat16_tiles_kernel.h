#pragma once
// When a kernel on tiles of bfloat16 numbers (AMX) may be used. Everything here has internal linkage.
#include "base/bfloat16_units.h"
#include "cpu/bfloat16_pack.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr const char* bfloat16_tiles = "bfloat16 tiles";  // names of kernels
constexpr const char* emulated_tiles = "bfloat16 tiles, emulated";
constexpr const char* float32_tiles = "float32 on bfloat16 tiles";
constexpr const char* emulated_float32_tiles = "float32 on bfloat16 tiles, emulated";

#ifdef GM_HAS_BFLOAT16_UNITS
// What the emulation refuses, and processors without tiles.
template <const char* (*refuse)(const KernelProblem&)>
const char* refuse_on_tiles(const KernelProblem& problem) {
  const char* reason = refuse(problem);
  return reason ? reason : refuse_unit<ByTiles<Tiles>, ByTiles<EmulatedTiles>>(cpu_has_bfloat16_tiles, "no AMX");
}
#endif

static inline const char* decline_emulation(const KernelProblem&) {
  return "for tests: it shows that the blocks compute what they should";
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
