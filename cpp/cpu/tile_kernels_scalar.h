#pragma once
// Tile instructions from scalar functions: loops over blocks of fixed length, which the compiler turns into vectors.
#include "cpu/tile_kernels.h"
#include "math/elementwise.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class T, int arity, class F> struct ScalarKernel {
  static constexpr int block = tile_block_bytes / int(sizeof(T));

  static GM_INLINE T value(T a, T b, T c) {
    if constexpr (arity == 1) return F::value(a);
    else if constexpr (arity == 2) return F::value(a, b);
    else return F::value(a, b, c);
  }

  static void run(const TileSlot& y, const TileSlot& a, const TileSlot& b, const TileSlot& c, int64_t count) {
    T* out = reinterpret_cast<T*>(y.data);
    const T* pa = reinterpret_cast<const T*>(a.data);
    const T* pb = reinterpret_cast<const T*>(arity > 1 ? b.data : a.data);
    const T* pc = reinterpret_cast<const T*>(arity > 2 ? c.data : a.data);
    const int64_t step_a = a.step * block, step_b = (arity > 1 ? b.step : 0) * block;
    const int64_t step_c = (arity > 2 ? c.step : 0) * block;
    // Copies of the arguments and of the result rid the loop of any doubt about overlap.
    T va[block], vb[block], vc[block], vy[block];
    for (; count >= block; count -= block, out += block, pa += step_a, pb += step_b, pc += step_c) {
      __builtin_memcpy(va, pa, sizeof va);
      __builtin_memcpy(vb, pb, sizeof vb);
      __builtin_memcpy(vc, pc, sizeof vc);
      for (int i = 0; i < block; ++i) vy[i] = value(va[i], vb[i], vc[i]);
      __builtin_memcpy(out, vy, sizeof vy);
    }
    for (int64_t i = 0; i < count; ++i) out[i] = value(pa[i], pb[i], pc[i]);
  }
};

template <class T, class F, int arity> constexpr TileKernel scalar_kernel_or_null() {
  if constexpr (T(0.5) == T(0) ? F::integers : F::floats) return &ScalarKernel<T, arity, F>::run;
  else return nullptr;
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE

// The end of a table, behind the rows of elementwise.def.
#define GM_COMMON_TILE_KERNELS(T)                                                               \
  &ScalarKernel<T, 1, Identity>::run, nullptr, nullptr, nullptr,                                \
      &ScalarKernel<T, 3, MultiplySubtract>::run, &ScalarKernel<T, 3, NegativeMultiplyAdd>::run, \
      &ScalarKernel<T, 3, KeepLess>::run, &ScalarKernel<T, 3, KeepLessEqual>::run
