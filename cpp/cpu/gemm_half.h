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

// Rows of `to` from columns: `lines` of them, each `count` long; `step` lies between the elements of one.
template <class Half, class Element>
static void widen_transposed(const Element* from, long step, long lines, long count, float* to, long stride) {
  constexpr long side = 4, most = 256, ahead = 2 * side, line_elements = 64 / sizeof(Element);
  float columns[side * most];
  for (long i = 0; i < lines; i += most) {
    const long length = lines - i < most ? lines - i : most;
    for (long p = 0; p < count; p += side) {
      const long wide = count - p < side ? count - p : side;
      for (long q = 0; q < wide; ++q) {
        const Element* const row = from + (p + q) * step + i;
        widen_row<Half>(row, columns + q * most, length);
        for (long j = 0; j < length; j += line_elements) __builtin_prefetch(row + ahead * step + j);
      }
      float* const corner = to + i * stride + p;
      long j = 0;
      for (; wide == side && j + side <= length; j += side) transpose_square(columns + j, most, corner + j * stride, stride);
      for (; j < length; ++j)
        for (long q = 0; q < wide; ++q) corner[j * stride + q] = columns[q * most + j];
    }
  }
}

// A that lies in columns, as rows: those of a block of registers then lie together.
template <class Half, class Right>
static void turn_half_a(const void* context, long line, long lines, long first, long count, void* to, long stride) {
  const auto& factors = *static_cast<const HalfFactors<Half, Right>*>(context);
  const long step = factors.problem.a_col;
  widen_transposed<Half>(factors.a + first * step + line, step, lines, count, static_cast<float*>(to), stride);
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
  widen_transposed<Half>(b, b_col, count, cols, panel, width);
}

template <class A, class B> constexpr bool is_same_storage = false;
template <class A> constexpr bool is_same_storage<A, A> = true;

template <class Half, class Right>
static GemmSource half_source(const HalfFactors<Half, Right>* factors) {
  constexpr long line_elements = 64 / sizeof(float), panel = panel_vectors * Vectors<float>::lanes;
  const GemmProblem& problem = factors->problem;
  // Turning A pays where its columns lie lines apart and several panels pass.
  const bool columns = problem.a_col != 1, turns = columns && problem.m > line_elements && problem.n > 2 * panel;
  GemmSource source{turns ? turn_half_a<Half, Right> : pack_half_a<Half, Right>, factors, columns && !turns, 0, 0, nullptr,
                    pack_half_b<Half, Right>};
  if constexpr (is_half_type<Right>) {
    source.b_halves = factors->b;
    source.b_storage = is_same_storage<Right, BFloat16> ? Storage::bfloat16 : Storage::float16;
  }
  return source;
}

}  // namespace gradmill::GM_ISA_NAMESPACE
