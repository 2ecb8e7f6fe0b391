#pragma once
// Matrix products whose factors are stored as 16-bit floats: they are widened where others are packed, so they are read
// once from memory at half the size, and the arithmetic is that of float. The right factor may be stored as float and
// count as rounded to 16 bits: a variable, which then need not be converted to an array of its own.
#include "cpu/gemm.h"
#include "cpu/gemm_pack.h"
#include "cpu/simd/half_lanes.h"

namespace gradmill::GM_ISA_NAMESPACE {

template <class Half, class Right = Half>
struct HalfFactors {
  const Half* a;
  const Right* b;
  GemmProblem problem;  // each factor has one stride of 1
};

template <class Half, class Right>
static void pack_half_a(const void* context, long line, long lines, long first, long count, void* to, long stride) {
  const auto& factors = *static_cast<const HalfFactors<Half, Right>*>(context);
  const long step = factors.problem.a_col == 1 ? factors.problem.a_row : factors.problem.a_col;
  for (long i = 0; i < lines; ++i) {
    widen_row<Half>(factors.a + (line + i) * step + first, static_cast<float*>(to) + i * stride, count);
  }
}

template <class Half, class Right>
static void pack_half_b(const void* context, long first, long count, long col, long cols, void* to, long width) {
  const auto& factors = *static_cast<const HalfFactors<Half, Right>*>(context);
  const long b_row = factors.problem.b_row, b_col = factors.problem.b_col;
  const Right* b = factors.b + first * b_row + col * b_col;
  float* panel = static_cast<float*>(to);
  if (b_col == 1) {
    for (long p = 0; p < count; ++p) widen_row<Half>(b + p * b_row, panel + p * width, cols);
    return;
  }
  constexpr long side = 4, most = 256;
  float columns[side * most];
  for (long p = 0; p < count; p += most) {
    const long length = count - p < most ? count - p : most;
    for (long j = 0; j < cols; j += side) {
      const long wide = cols - j < side ? cols - j : side;
      for (long i = 0; i < wide; ++i) widen_row<Half>(b + (j + i) * b_col + p, columns + i * most, length);
      float* corner = panel + p * width + j;
      long q = 0;
      for (; wide == side && q + side <= length; q += side) transpose_square(columns + q, most, corner + q * width, width);
      for (; q < length; ++q)
        for (long i = 0; i < wide; ++i) corner[q * width + i] = columns[i * most + q];
    }
  }
}

template <class A, class B> constexpr bool is_same_storage = false;
template <class A> constexpr bool is_same_storage<A, A> = true;

template <class Half, class Right>
static GemmSource half_source(const HalfFactors<Half, Right>* factors) {
  GemmSource source{pack_half_a<Half, Right>, factors, factors->problem.a_col != 1, 0, 0, nullptr, pack_half_b<Half, Right>};
  if constexpr (is_half_type<Right>) {
    source.b_halves = factors->b;
    source.b_storage = is_same_storage<Right, BFloat16> ? Storage::bfloat16 : Storage::float16;
  }
  return source;
}

}  // namespace gradmill::GM_ISA_NAMESPACE
