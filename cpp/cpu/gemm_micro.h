#pragma once
// The inner kernels of the matrix product, one text for every vector width.
//
// A kernel keeps R x NV vectors of C in registers and walks along k: it loads NV vectors of a row of B, broadcasts R
// values of A, and does R * NV multiply-adds. B comes as rows of NV vectors (packed, or in place), so a kernel needs no
// partial loads; only the store of the last columns may be partial. Everything here has internal linkage.

#include <stddef.h>

#include "cpu/gemm.h"
#include "cpu/simd/half_lanes.h"
#include "runtime/ahead.h"

#if defined(__AVX512F__)
#define GM_GEMM_VECTOR_BYTES 64
#define GM_GEMM_ROWS 14  // 14 x 2 sums, 2 vectors of B, 1 broadcast, of 32 registers
#define GM_GEMM_REGISTERS 32
#elif defined(__AVX2__)
#define GM_GEMM_VECTOR_BYTES 32
#define GM_GEMM_ROWS 6  // 6 x 2 sums, 2 vectors of B, 1 broadcast, of 16 registers
#define GM_GEMM_REGISTERS 16
#elif defined(__aarch64__)
#define GM_GEMM_VECTOR_BYTES 16
#define GM_GEMM_ROWS 8  // 8 x 2 sums of 32 registers, enough to hide 4 pipes of latency 4
#define GM_GEMM_REGISTERS 32
#else
#define GM_GEMM_VECTOR_BYTES 16
#define GM_GEMM_ROWS 4  // no fused multiply-add: products need registers of their own
#define GM_GEMM_REGISTERS 16
#endif

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int max_rows = GM_GEMM_ROWS;
constexpr int ahead_lines = GM_GEMM_VECTOR_BYTES == 64 ? 2 : 1;  // that a kernel asks for in four steps, see Ahead
constexpr int panel_vectors = 2;  // vectors of C in a row of the usual kernel
constexpr int broad_vectors = 3;  // of the last columns, where one more vector would be left over
constexpr int broad_max_rows = (GM_GEMM_REGISTERS - broad_vectors - 1) / broad_vectors;
constexpr int wide_vectors = 4;   // the same for products of very few rows, which need more sums side by side
constexpr int wide_max_rows = (GM_GEMM_REGISTERS - wide_vectors - 1) / wide_vectors;  // and their number of rows

// The rows of a unit as `tall` blocks of `height` rows, then `low` blocks of one row less: 32 rows on AVX2 are
// 6 6 5 5 5 5 rather than five times 6 and a slow 2.
struct RowBlocks {
  long height, tall, low;

  static RowBlocks of(long rows, long most = max_rows) {
    const long blocks = (rows + most - 1) / most;
    const long height = (rows + blocks - 1) / blocks;
    const long low = blocks * height - rows;
    return {height, blocks - low, low};
  }

  long first_row(long block) const { return block * height - (block > tall ? block - tall : 0); }
};

template <typename T>
struct Vectors;
template <>
struct Vectors<float> {
  typedef float Whole __attribute__((vector_size(GM_GEMM_VECTOR_BYTES)));
  typedef float Unaligned __attribute__((vector_size(GM_GEMM_VECTOR_BYTES), aligned(4), may_alias));
  static constexpr int lanes = GM_GEMM_VECTOR_BYTES / 4;
};
template <>
struct Vectors<double> {
  typedef double Whole __attribute__((vector_size(GM_GEMM_VECTOR_BYTES)));
  typedef double Unaligned __attribute__((vector_size(GM_GEMM_VECTOR_BYTES), aligned(8), may_alias));
  static constexpr int lanes = GM_GEMM_VECTOR_BYTES / 8;
};

template <typename T>
static inline typename Vectors<T>::Whole load_vector(const T* from) {
  return *reinterpret_cast<const typename Vectors<T>::Unaligned*>(from);
}
template <typename T>
static inline void store_vector(T* to, typename Vectors<T>::Whole value) {
  *reinterpret_cast<typename Vectors<T>::Unaligned*>(to) = value;
}

template <class T> constexpr bool is_void = false;
template <> constexpr bool is_void<void> = true;
template <class T, class FROM> struct Stored { typedef FROM Type; };
template <class T> struct Stored<T, void> { typedef T Type; };

// One panel of C (NV vectors wide) under `blocks` consecutive blocks of R rows, over one block of k.
template <typename T>
struct Strip {
  const T* a;       // first element of the first row block
  long a_stride;    // between rows of A (row form) or between its columns (column form); the other stride is 1
  long a_block;     // from one row block to the next
  const T* b;       // first row of the panel
  long b_stride;    // between rows of the panel
  T* keep;          // where the rows of B are packed on the way, NV vectors each, or null
  T* c;             // first element of the first block of C
  long c_stride;    // between rows of C
  long k;           // length of the sum
  long blocks;      // number of row blocks
  long cols;        // columns to store, <= NV vectors
  bool accumulate;  // add to C rather than overwrite it
  Ahead* ahead;     // what to fetch meanwhile, or null
  // With `keep`: the first row of the panel as it is stored, and the elements between its rows.
  const void* raw = nullptr;
  long raw_stride = 0;
  Storage stored = Storage::same;
};

// How A lies: `rows` has A(i, p) = a[i * a_stride + p], `columns` has A(i, p) = a[p * a_stride + i].
enum class AForm { rows, columns };

// Writes the first s.cols columns of a block of C, for all kernels.
template <typename T>
__attribute__((noinline)) static void store_edge(const T* edge, long width, long rows, const Strip<T>& s, T* c) {
  constexpr int lanes = Vectors<T>::lanes;
  for (; rows > 0; --rows, edge += width, c += s.c_stride) {
    long j = 0;
    for (; j + lanes <= s.cols; j += lanes) store_vector(c + j, s.accumulate ? load_vector(c + j) + load_vector(edge + j) : load_vector(edge + j));
    for (; j < s.cols; ++j) c[j] = s.accumulate ? c[j] + edge[j] : edge[j];
  }
}

// A kernel of k steps asks for `ahead_lines` columns of so many lines each. Vectors of 64 bytes need twice the memory in the
// time of a step that others need, and their panels are two lines wide.
static inline long ahead_column(long k) { return k / 4 / ahead_lines * ahead_lines; }

// Keeps the compiler from deriving a pointer anew from others: left alone it precomputes one address per row of A and C
// for every unrolled step and then spills them all.
template <typename P>
static inline void pin(P& pointer) {
  asm("" : "+r"(pointer));
}

// sum += row * value. GCC 12 would choose forms that overwrite a factor, then move and spill sums to repair that;
// written as an instruction the sum keeps its register.
#if defined(__FMA__)
static inline void multiply_add(Vectors<float>::Whole& sum, Vectors<float>::Whole row, Vectors<float>::Whole value) {
  asm("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(row), "v"(value));
}
static inline void multiply_add(Vectors<double>::Whole& sum, Vectors<double>::Whole row, Vectors<double>::Whole value) {
  asm("vfmadd231pd %2, %1, %0" : "+v"(sum) : "v"(row), "v"(value));
}
#else
template <typename V>
static inline void multiply_add(V& sum, V row, V value) {
  sum += row * value;
}
#endif

// B as it is stored, in the type that is multiplied.
static inline Vectors<float>::Whole load_stored(const float* from) { return load_vector(from); }
static inline Vectors<double>::Whole load_stored(const double* from) { return load_vector(from); }
template <class Half>
static inline Vectors<float>::Whole load_stored(const Half* from) {
  return load(from).native;
}

// FROM is void, or with Strip::keep what Strip::raw points to.
template <typename T, int R, int NV, AForm FORM, class FROM>
static void run_strip(const Strip<T>& s) {
  typedef typename Vectors<T>::Whole V;
  constexpr bool KEEP = !is_void<FROM>;
  typedef typename Stored<T, FROM>::Type B;
  constexpr int lanes = Vectors<T>::lanes;
  constexpr int groups = (R + 2) / 3;  // three rows of A share a pointer: 0, 1 and 2 strides are addressing modes
  const long k = s.k;
  const long a_stride = s.a_stride;
  const long b_stride = KEEP ? s.raw_stride : s.b_stride;
  const long c_stride = s.c_stride;
  const T* a_first = s.a;
  T* c = s.c;
  for (long block = 0; block < s.blocks; ++block, a_first += s.a_block) {
    V sum[R][NV];
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) sum[i][v] = V{};
    const T* a[groups];
    a[0] = a_first;
    if constexpr (FORM == AForm::rows) {
#pragma GCC unroll 8
      for (int g = 1; g < groups; ++g) {
        a[g] = a[g - 1] + 3 * a_stride;
        pin(a[g]);
      }
    }
    const B* b = KEEP ? static_cast<const B*>(s.raw) : reinterpret_cast<const B*>(s.b);
    T* keep = s.keep;
    auto step = [&]() __attribute__((always_inline)) {
      V row[NV];
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) {
        if constexpr (!KEEP) row[v] = load_vector(b + v * lanes);
        else row[v] = load_stored(b + v * lanes);
        if constexpr (KEEP) store_vector(keep + v * lanes, row[v]);
      }
#pragma GCC unroll 16
      for (int i = 0; i < R; ++i) {
        const V value = (FORM == AForm::rows ? a[i / 3][i % 3 * a_stride] : a[0][i]) - V{};  // broadcast
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) multiply_add(sum[i][v], row[v], value);
      }
      b += b_stride;
      pin(b);
      if constexpr (KEEP) keep += NV * lanes;
#pragma GCC unroll 8
      for (int g = 0; g < (FORM == AForm::rows ? groups : 1); ++g) {
        a[g] += FORM == AForm::rows ? 1 : a_stride;
        pin(a[g]);
      }
    };
    long left = k;
    for (int column = 0; column < ahead_lines; ++column) {
      const long quads = column + 1 == ahead_lines ? left / 4 : k / 4 / ahead_lines;
      AheadLines ahead = take_ahead(s.ahead, ahead_column(k), a_first);
      for (long quad = 0; quad < quads; ++quad) {
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) {
          if (i % (4 / ahead_lines) == 0) {
            __builtin_prefetch(ahead.at, 0, 2);
            ahead.at += ahead.step;
            pin(ahead.at);
          }
          step();
        }
      }
      left -= 4 * quads;
    }
    for (; left > 0; --left) step();
    if (__builtin_expect(s.cols == NV * lanes, 1)) {
#pragma GCC unroll 16
      for (int i = 0; i < R; ++i, c += c_stride) {
        pin(c);
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) {
          if (s.accumulate) sum[i][v] += load_vector(c + v * lanes);
          store_vector(c + v * lanes, sum[i][v]);
        }
      }
    } else {
      T edge[R * NV * lanes];
#pragma GCC unroll 16
      for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) store_vector(edge + (i * NV + v) * lanes, sum[i][v]);
      store_edge(edge, NV * lanes, R, s, c);
      c += R * c_stride;
    }
  }
}

// The kernel for `rows` rows (1..R): the usual number comes first, so the chain is one or two comparisons.
template <typename T, int NV, AForm FORM, class FROM, int R>
static void run_strip_rows(const Strip<T>& s, long rows) {
  if constexpr (R == 1) {
    run_strip<T, 1, NV, FORM, FROM>(s);
  } else if (rows == R) {
    run_strip<T, R, NV, FORM, FROM>(s);
  } else {
    run_strip_rows<T, NV, FORM, FROM, R - 1>(s, rows);
  }
}

// vectors is 1, panel_vectors, broad_vectors or wide_vectors; only those of panel_vectors keep.
template <typename T, AForm FORM>
static void dispatch_strip(const Strip<T>& s, long rows, long vectors) {
  if (vectors == wide_vectors) {
    run_strip_rows<T, wide_vectors, FORM, void, wide_max_rows>(s, rows);
  } else if (vectors == broad_vectors) {
    run_strip_rows<T, broad_vectors, FORM, void, broad_max_rows>(s, rows);
  } else if (vectors == panel_vectors) {
    if (s.keep == nullptr) return run_strip_rows<T, panel_vectors, FORM, void, max_rows>(s, rows);
    if constexpr (sizeof(T) == sizeof(float)) {
      if (s.stored == Storage::bfloat16) return run_strip_rows<T, panel_vectors, FORM, BFloat16, max_rows>(s, rows);
      if (s.stored == Storage::float16) return run_strip_rows<T, panel_vectors, FORM, Float16, max_rows>(s, rows);
    }
    run_strip_rows<T, panel_vectors, FORM, T, max_rows>(s, rows);
  } else {
    run_strip_rows<T, 1, FORM, void, max_rows>(s, rows);
  }
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
