#pragma once
// Packing of operands for the kernels of gemm_micro.h.
//
// A panel of B is k rows of `width` elements, a whole number of vectors. A is
// packed as rows that lie close together. Everything here has internal linkage.

#include "cpu/gemm_micro.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

// Vectors of 128 bits: the unit in which every x86 level shuffles cheaply, and the whole vector of NEON.
template <typename T>
struct Quarters;
template <>
struct Quarters<float> {
  typedef float Whole __attribute__((vector_size(16)));
  typedef float Unaligned __attribute__((vector_size(16), aligned(4), may_alias));
};
template <>
struct Quarters<double> {
  typedef double Whole __attribute__((vector_size(16)));
  typedef double Unaligned __attribute__((vector_size(16), aligned(8), may_alias));
};

// Writes the transpose of a square of 16 bytes: row i of `from` (stride from_stride) becomes column i of `to`.
static inline void transpose_square(const float* from, long from_stride, float* to, long to_stride) {
  typedef Quarters<float>::Unaligned Q;
  Quarters<float>::Whole r0 = *reinterpret_cast<const Q*>(from);
  Quarters<float>::Whole r1 = *reinterpret_cast<const Q*>(from + from_stride);
  Quarters<float>::Whole r2 = *reinterpret_cast<const Q*>(from + 2 * from_stride);
  Quarters<float>::Whole r3 = *reinterpret_cast<const Q*>(from + 3 * from_stride);
  Quarters<float>::Whole low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
  Quarters<float>::Whole high01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
  Quarters<float>::Whole low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
  Quarters<float>::Whole high23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
  *reinterpret_cast<Q*>(to) = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
  *reinterpret_cast<Q*>(to + to_stride) = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
  *reinterpret_cast<Q*>(to + 2 * to_stride) = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
  *reinterpret_cast<Q*>(to + 3 * to_stride) = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}
static inline void transpose_square(const double* from, long from_stride, double* to, long to_stride) {
  typedef Quarters<double>::Unaligned Q;
  Quarters<double>::Whole r0 = *reinterpret_cast<const Q*>(from);
  Quarters<double>::Whole r1 = *reinterpret_cast<const Q*>(from + from_stride);
  *reinterpret_cast<Q*>(to) = __builtin_shufflevector(r0, r1, 0, 2);
  *reinterpret_cast<Q*>(to + to_stride) = __builtin_shufflevector(r0, r1, 1, 3);
}

// Packs B(0..k, 0..cols) into a panel of `width` columns; those behind `cols` hold anything. `readable`: elements from
// b on that lie inside the matrix.
template <typename T>
static void pack_panel(const T* b, long b_row, long b_col, long k, long cols, long width, long readable, T* to) {
  constexpr long side = 16 / static_cast<long>(sizeof(T));
  if (b_row == 1) {
    long col = 0;
    for (; col + side <= cols; col += side) {
      const T* from = b + col * b_col;
      T* column = to + col;
      long p = 0;
      for (; p + side <= k; p += side) transpose_square(from + p, b_col, column + p * width, width);
      for (; p < k; ++p)
        for (long j = 0; j < side; ++j) column[p * width + j] = from[j * b_col + p];
    }
    for (; col < width; ++col)
      for (long p = 0; p < k; ++p) to[p * width + col] = col < cols ? b[p + col * b_col] : T(0);
    return;
  }
  long p = 0;
  if (b_col == 1) {  // whole vectors, which may take along elements of the next row
    constexpr int lanes = Vectors<T>::lanes;
    for (; p < k && p * b_row + width <= readable; ++p)
      for (long j = 0; j < width; j += lanes) store_vector(to + p * width + j, load_vector(b + p * b_row + j));
  }
  for (; p < k; ++p)
    for (long j = 0; j < width; ++j) to[p * width + j] = j < cols ? b[p * b_row + j * b_col] : T(0);
}

// Distance between rows of a packed unit of A: an odd number of cache lines, so that rows fall into different sets of
// L1.
template <typename T>
static constexpr long packed_rows_stride(long k) {
  constexpr long line = 64 / static_cast<long>(sizeof(T));
  return ((k + line - 1) / line | 1) * line;
}

// Packs A(0..rows, 0..k), whose columns are in one piece, as columns.
template <typename T>
static void pack_columns(const T* a, long a_col, long rows, long k, T* to, long stride) {
  for (long p = 0; p < k; ++p) __builtin_memcpy(to + p * stride, a + p * a_col, rows * sizeof(T));
}

// Packs A(0..rows, 0..k) as rows.
template <typename T>
static void pack_rows(const T* a, long a_row, long a_col, long rows, long k, T* to) {
  constexpr long side = 16 / static_cast<long>(sizeof(T));
  constexpr long line = 64 / static_cast<long>(sizeof(T));
  const long stride = packed_rows_stride<T>(k);
  long p = 0;
  if (a_col == 1) {
    for (long i = 0; i < rows; ++i) __builtin_memcpy(to + i * stride, a + i * a_row, k * sizeof(T));
    return;
  }
  if (a_row == 1) {
    for (; p + side <= k; p += side) {
      const T* from = a + p * a_col;
      long i = 0;
      for (; i + side <= rows; i += side) transpose_square(from + i, a_col, to + i * stride + p, stride);
      for (; i < rows; ++i)
        for (long q = 0; q < side; ++q) to[i * stride + p + q] = from[q * a_col + i];
      for (long q = 2 * side; q < 3 * side; ++q)  // far columns are no stream that hardware would follow
        for (i = 0; i < rows; i += line) __builtin_prefetch(from + q * a_col + i);
    }
  }
  for (; p < k; ++p)
    for (long i = 0; i < rows; ++i) to[i * stride + p] = a[i * a_row + p * a_col];
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
