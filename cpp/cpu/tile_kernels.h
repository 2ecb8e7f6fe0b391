#pragma once
// The instructions of tile programs as functions over one tile, in one table for each compute type, and the conversion
// of tiles between storage types. Used by cpu/tile_program_cpu.cpp only.
#include <cstdint>

#include "math/scalar_math.h"
#include "math/tile_program.h"

namespace gradmill::GM_ISA_NAMESPACE {

// Where an instruction finds one argument. With step 1 `data` holds a value for each element; with step 0 it holds one
// value, repeated over tile_block_bytes.
struct TileSlot {
  char* data;
  int64_t step;
};
constexpr int tile_block_bytes = 64;

// y = f(a, b, c) over `count` elements; arguments beyond the arity are not looked at. y may be a, b or c.
using TileKernel = void (*)(const TileSlot& y, const TileSlot& a, const TileSlot& b, const TileSlot& c, int64_t count);

// Indexed by TileOpcode; nullptr where the type does not have the operation, and for store, iota and uniform.
extern const TileKernel tile_kernels_f32[];
extern const TileKernel tile_kernels_f64[];
extern const TileKernel tile_kernels_i32[];
extern const TileKernel tile_kernels_i64[];

// Runs the affine instruction at `at`, together with the next one where that is an activation's gradient of the same
// x a + b. Returns how many places both take; `end` is behind the last of the program.
int run_affine(const TileSlot* slots, const TileInstruction* at, const TileInstruction* end, int64_t count);
// Runs the adam_update at `instruction`, with its two further parts.
void run_adam_update(const TileSlot* slots, const TileInstruction* instruction, int64_t count);

// Converts `count` elements from storage to the compute type, or back.
using TileConversion = void (*)(void* to, const void* from, int64_t count);

// Indexed by TileType, then by DType.
extern const TileConversion tile_loads[4][12];
extern const TileConversion tile_stores[4][12];

// What the builder joins, beside multiply_add of math/elementwise.h.
struct MultiplySubtract {
  static constexpr bool brief = true;
  template <class V> static GM_INLINE V value(V x1, V x2, V x3) { return subtract(multiply(x1, x2), x3); }
};
struct NegativeMultiplyAdd {
  static constexpr bool brief = true;
  template <class V> static GM_INLINE V value(V x1, V x2, V x3) { return subtract(x3, multiply(x1, x2)); }
};
struct KeepLess {
  static constexpr bool brief = true;
  template <class V> static GM_INLINE V value(V x1, V x2, V x3) { return select(x1 < x2, x3, V(0)); }
};
struct KeepLessEqual {
  static constexpr bool brief = true;
  template <class V> static GM_INLINE V value(V x1, V x2, V x3) { return select(x1 <= x2, x3, V(0)); }
};
struct DivideByRoot {
  static constexpr bool brief = false;
  template <class V> static GM_INLINE V value(V x1, V x2, V x3) { return x1 / (sqrt(x2) + x3); }
};
struct Interpolate {
  static constexpr bool brief = true;
  template <class V> static GM_INLINE V value(V x1, V x2, V x3) { return x1 + (x2 - x1) * x3; }
};
struct InterpolateSquare {
  static constexpr bool brief = true;
  template <class V> static GM_INLINE V value(V x1, V x2, V x3) { return x1 + (x2 * x2 - x1) * x3; }
};
struct Identity {
  static constexpr bool brief = true;
  template <class V> static GM_INLINE V value(V x) { return x; }
};

}  // namespace gradmill::GM_ISA_NAMESPACE
