#pragma once
// Sums, products and extremes over any set of axes.
//
// Neighbouring axes that are both kept or both reduced are merged, so that the two kinds alternate. Then only two inner
// loops are left: the last axis is reduced (each output is made of dense rows) or kept (dense rows are added to each
// other). Long reductions with few outputs are cut into chunks of fixed size; their results are combined in a second
// phase, always in the same order.
#include "cpu/axis_split.h"
#include "cpu/odometer.h"
#include "cpu/simd/half_lanes.h"

namespace gradmill::GM_ISA_NAMESPACE {

// What a block of elements is accumulated in (Value) and what blocks are added up in (Total).
template <class T> struct SumTypes;
template <> struct SumTypes<float> { typedef float Value; typedef double Total; typedef float Result; };
template <> struct SumTypes<BFloat16> : SumTypes<float> {};
template <> struct SumTypes<Float16> : SumTypes<float> {};
template <> struct SumTypes<double> { typedef double Value; typedef double Total; typedef double Result; };
// Integers go through unsigned types, where overflow wraps around.
template <> struct SumTypes<int8_t> { typedef uint32_t Value; typedef uint32_t Total; typedef int32_t Result; };
template <> struct SumTypes<int16_t> : SumTypes<int8_t> {};
template <> struct SumTypes<int32_t> : SumTypes<int8_t> {};
template <> struct SumTypes<uint8_t> : SumTypes<int8_t> {};
template <> struct SumTypes<uint16_t> : SumTypes<int8_t> {};
template <> struct SumTypes<uint32_t> : SumTypes<int8_t> {};
template <> struct SumTypes<int64_t> { typedef uint64_t Value; typedef uint64_t Total; typedef int64_t Result; };

template <class T> constexpr bool is_floating_type = false;
template <> constexpr bool is_floating_type<float> = true;
template <> constexpr bool is_floating_type<double> = true;

template <class T> constexpr T lowest_value = T(T(-1) < T(0) ? T(uint64_t(1) << (8 * sizeof(T) - 1)) : T(0));
template <> constexpr float lowest_value<float> = -__builtin_inff();
template <> constexpr double lowest_value<double> = -__builtin_inf();
template <class T> constexpr T highest_value = T(T(-1) < T(0) ? T((uint64_t(1) << (8 * sizeof(T) - 1)) - 1) : T(-1));
template <> constexpr float highest_value<float> = __builtin_inff();
template <> constexpr double highest_value<double> = __builtin_inf();

template <class T> struct SumReduction : SumTypes<T> {
  typedef T Element;
  static constexpr int start = 0;
  template <class V> static GM_INLINE V combine(V a, V b) { return a + b; }
};
template <class T> struct ProductReduction : SumTypes<T> {
  typedef T Element;
  static constexpr int start = 1;
  template <class V> static GM_INLINE V combine(V a, V b) { return a * b; }
};
// NaN wins over every number.
template <class T> struct MaximumReduction {
  typedef T Element;
  typedef T Value;
  typedef T Total;
  typedef T Result;
  static constexpr T start = lowest_value<T>;
  template <class V> static GM_INLINE V combine(V a, V b) { return (a >= b) | (a != a) ? a : b; }
};
template <class T> struct MinimumReduction {
  typedef T Element;
  typedef T Value;
  typedef T Total;
  typedef T Result;
  static constexpr T start = highest_value<T>;
  template <class V> static GM_INLINE V combine(V a, V b) { return (a <= b) | (a != a) ? a : b; }
};

constexpr int reduction_axes = 4;
constexpr int64_t reduction_columns = 256;  // outputs that one task of the second kind makes
constexpr int64_t reduction_rows = 64;      // rows that are added up in Value before they go to Total

struct Reduction {
  bool rows;      // the last axis is reduced
  int64_t inner;  // length of the last axis
  int kept_rank, reduced_rank;  // axes before the last
  int64_t kept_dims[reduction_axes], kept_strides[reduction_axes];
  int64_t reduced_dims[reduction_axes], reduced_strides[reduction_axes];
  int64_t length;         // what is cut into chunks: elements per output (rows), or rows per output (columns)
  int64_t outputs;
  int64_t column_blocks;  // per kept position
  int64_t tasks, tasks_per_unit;
  int64_t chunk, chunks;
  int64_t units;          // of the first phase
};

static inline int64_t combining_units(const Reduction& r) { return divide_up(r.outputs, 1024); }

// `reduced` marks axes. The input may be empty, the output may not.
static inline void plan_reduction(Reduction& r, int rank, const int64_t* dims, const bool* reduced) {
  int64_t merged_dims[8];
  bool merged_reduced[8];
  int merged = 0;
  r.outputs = 1;
  int64_t elements = 1;
  for (int i = 0; i < rank; ++i) {
    elements *= dims[i];
    if (!reduced[i]) r.outputs *= dims[i];
    if (dims[i] == 1) continue;
    if (merged > 0 && merged_reduced[merged - 1] == reduced[i]) {
      merged_dims[merged - 1] *= dims[i];
    } else {
      merged_dims[merged] = dims[i];
      merged_reduced[merged++] = reduced[i];
    }
  }
  r.rows = merged == 0 || merged_reduced[merged - 1];
  r.inner = merged == 0 ? 1 : merged_dims[merged - 1];
  r.kept_rank = r.reduced_rank = 0;
  int64_t strides[8], stride = r.inner;
  for (int i = merged - 2; i >= 0; --i) {
    strides[i] = stride;
    stride *= merged_dims[i];
  }
  int64_t kept = 1;
  r.length = r.rows ? r.inner : 1;
  for (int i = 0; i + 1 < merged; ++i) {
    if (merged_reduced[i]) {
      r.reduced_dims[r.reduced_rank] = merged_dims[i];
      r.reduced_strides[r.reduced_rank++] = strides[i];
      r.length *= merged_dims[i];
    } else {
      r.kept_dims[r.kept_rank] = merged_dims[i];
      r.kept_strides[r.kept_rank++] = strides[i];
      kept *= merged_dims[i];
    }
  }
  const int64_t width = r.rows ? 1 : lesser(r.inner, reduction_columns);
  r.column_blocks = r.rows ? 1 : divide_up(r.inner, width);
  r.tasks = kept * r.column_blocks;
  r.chunk = greater(1, r.length);
  if (r.tasks < 32 && elements > 65536) {
    const int64_t grain = r.rows ? 1024 : reduction_rows;
    const int64_t least = greater(16384 / width, divide_up(r.length, divide_up(64, r.tasks)));
    r.chunk = divide_up(least, grain) * grain;
  }
  r.chunks = greater(1, divide_up(r.length, r.chunk));
  r.tasks_per_unit = r.chunks > 1 ? 1 : greater(1, 16384 / (greater(1, r.length) * width));
  r.units = divide_up(r.tasks, r.tasks_per_unit) * r.chunks;
}

template <class T> struct NativeLanes {
  typedef T Vector __attribute__((vector_size(vector_bytes)));
  static constexpr int count = vector_bytes / sizeof(T);
};

template <class V, class T> GM_INLINE V load_lanes(const T* from) {
  if constexpr (is_half_type<T>) {
    return load(from).native;
  } else {
    V lanes;
    __builtin_memcpy(&lanes, from, sizeof lanes);
    return lanes;
  }
}

template <class T> GM_INLINE auto number(T x) {
  if constexpr (is_half_type<T>) return widen(x);
  else return x;
}

// Lanes first, first + step, first + 2 * step, ... as a balanced tree without loops.
template <class Op, int lanes, int first, int step, class T>
GM_INLINE T combine_lanes(const T* lane) {
  if constexpr (step == lanes) return lane[first];
  else return Op::combine(combine_lanes<Op, lanes, first, 2 * step>(lane),
                          combine_lanes<Op, lanes, first + step, 2 * step>(lane));
}

template <class Op>
typename Op::Total reduce_dense(const typename Op::Element* x, int64_t n) {
  typedef typename Op::Value T;
  typedef typename Op::Total Total;
  Total total = Total(Op::start);
  int64_t i = 0;
  if constexpr (is_floating_type<T>) {
    typedef typename NativeLanes<T>::Vector V;
    constexpr int lanes = NativeLanes<T>::count;
    const V start = T(Op::start) - V{};
    while (n - i >= lanes) {
      const int64_t stop = lesser(n, i + 1024);
      V a0 = start, a1 = start, a2 = start, a3 = start;
      for (; i + 4 * lanes <= stop; i += 4 * lanes) {
        a0 = Op::combine(a0, load_lanes<V>(x + i));
        a1 = Op::combine(a1, load_lanes<V>(x + i + lanes));
        a2 = Op::combine(a2, load_lanes<V>(x + i + 2 * lanes));
        a3 = Op::combine(a3, load_lanes<V>(x + i + 3 * lanes));
      }
      for (; i + lanes <= stop; i += lanes) a0 = Op::combine(a0, load_lanes<V>(x + i));
      a0 = Op::combine(Op::combine(a0, a1), Op::combine(a2, a3));
      T lane[lanes];
      __builtin_memcpy(lane, &a0, sizeof a0);
      total = Op::combine(total, Total(combine_lanes<Op, lanes, 0, 1>(lane)));
    }
    for (; i < n; ++i) total = Op::combine(total, Total(number(x[i])));
  } else {
    for (; i < n; ++i) total = Total(Op::combine(total, Total(x[i])));
  }
  return total;
}

// sums[j] = combine(x[offsets[0] + j], x[offsets[1] + j], ...) for `vectors` vectors of columns.
template <class Op, int vectors>
GM_INLINE void reduce_column_vectors(const typename Op::Element* x, const int64_t* offsets, int rows,
                                     typename Op::Value* sums) {
  typedef typename Op::Value T;
  typedef typename NativeLanes<T>::Vector V;
  V a[vectors];
#pragma GCC unroll 8
  for (int k = 0; k < vectors; ++k) a[k] = T(Op::start) - V{};
  for (int row = 0; row < rows; ++row) {
    const auto* from = x + offsets[row];
#pragma GCC unroll 8
    for (int k = 0; k < vectors; ++k) a[k] = Op::combine(a[k], load_lanes<V>(from + k * NativeLanes<T>::count));
  }
  __builtin_memcpy(sums, a, sizeof a);
}

// The same for any number of columns up to reduction_columns.
template <class Op>
void reduce_columns(const typename Op::Element* x, const int64_t* offsets, int rows, int64_t columns,
                    typename Op::Value* sums) {
  typedef typename Op::Value Value;
  if constexpr (is_floating_type<Value>) {
    constexpr int lanes = NativeLanes<Value>::count;
    int64_t j = 0;
    for (; j + 8 * lanes <= columns; j += 8 * lanes) reduce_column_vectors<Op, 8>(x + j, offsets, rows, sums + j);
    for (; j + 2 * lanes <= columns; j += 2 * lanes) reduce_column_vectors<Op, 2>(x + j, offsets, rows, sums + j);
    if (columns >= lanes) {
      for (; j < columns; j += lanes) {
        const int64_t at = lesser(j, columns - lanes);  // the last vector may overlap the one before
        reduce_column_vectors<Op, 1>(x + at, offsets, rows, sums + at);
      }
    }
    for (; j < columns; ++j) {
      Value a = Value(Op::start);
      for (int row = 0; row < rows; ++row) a = Op::combine(a, number(x[offsets[row] + j]));
      sums[j] = a;
    }
  } else {
    for (int64_t j = 0; j < columns; ++j) sums[j] = Value(Op::start);
    for (int row = 0; row < rows; ++row) {
      const auto* from = x + offsets[row];
      for (int64_t j = 0; j < columns; ++j) sums[j] = Value(Op::combine(sums[j], Value(from[j])));
    }
  }
}

// totals[j] = combine(totals[j], sums[j]), in blocks that become vectors.
template <class Op>
GM_INLINE void add_to_totals(typename Op::Total* totals, const typename Op::Value* sums, int64_t columns) {
  typedef typename Op::Total Total;
  int64_t j = 0;
  for (; j + 8 <= columns; j += 8) {
    for (int i = 0; i < 8; ++i) totals[j + i] = Total(Op::combine(totals[j + i], Total(sums[j + i])));
  }
  for (; j < columns; ++j) totals[j] = Total(Op::combine(totals[j], Total(sums[j])));
}

template <class Op>
GM_INLINE typename Op::Total reduce_rows_task(const Reduction& r, const typename Op::Element* x, int64_t begin,
                                              int64_t end) {
  if (r.reduced_rank == 0) return reduce_dense<Op>(x + begin, end - begin);
  typename Op::Total total = typename Op::Total(Op::start);
  if (begin == end) return total;
  int64_t column = begin % r.inner;
  Odometer<reduction_axes> row(r.reduced_rank, r.reduced_dims, r.reduced_strides, begin / r.inner);
  for (int64_t position = begin; position < end; row.next(), column = 0) {
    const int64_t count = lesser(r.inner - column, end - position);
    total = Op::combine(total, reduce_dense<Op>(x + row.offset + column, count));
    position += count;
  }
  return total;
}

// Reduces rows [begin, end) and writes results or, if there is a place for them, the totals of a chunk.
template <class Op>
void reduce_columns_task(const Reduction& r, const typename Op::Element* x, int64_t columns, int64_t begin, int64_t end,
                         typename Op::Result* results, typename Op::Total* chunk_totals) {
  typedef typename Op::Total Total;
  typedef typename Op::Result Result;
  // No rows at all leave an axis of length 0, which cannot be walked.
  Odometer<reduction_axes> row(begin < end ? r.reduced_rank : 0, r.reduced_dims, r.reduced_strides, begin);
  int64_t offsets[reduction_rows];
  typename Op::Value sums[reduction_columns];
  Total totals[reduction_columns];
  const bool one_block = end - begin <= reduction_rows && !chunk_totals;
  for (int64_t j = 0; j < (one_block ? 0 : columns); ++j) totals[j] = Total(Op::start);
  do {
    const int rows = static_cast<int>(lesser(reduction_rows, end - begin));
    for (int i = 0; i < rows; ++i, row.next()) offsets[i] = row.offset;
    reduce_columns<Op>(x, offsets, rows, columns, sums);
    if (!one_block) add_to_totals<Op>(totals, sums, columns);
    begin += rows;
  } while (begin < end);
  if (chunk_totals) {
    __builtin_memcpy(chunk_totals, totals, columns * sizeof(Total));
  } else if (one_block) {
    for (int64_t j = 0; j < columns; ++j) results[j] = static_cast<Result>(sums[j]);
  } else {
    for (int64_t j = 0; j < columns; ++j) results[j] = static_cast<Result>(totals[j]);
  }
}

// Units [begin, end) of the first phase. Writes results, or with several chunks the totals of each.
template <class Op>
GM_INLINE void run_reduction(const Reduction& r, const void* from, void* to, void* scratch, int64_t begin,
                             int64_t end) {
  typedef typename Op::Total Total;
  const auto* x = static_cast<const typename Op::Element*>(from);
  auto* y = static_cast<typename Op::Result*>(to);
  auto* partial = static_cast<Total*>(scratch);
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t part = unit % r.chunks, first = unit / r.chunks * r.tasks_per_unit;
    const int64_t last = lesser(first + r.tasks_per_unit, r.tasks);
    const int64_t start = part * r.chunk, stop = lesser(start + r.chunk, r.length);
    Odometer<reduction_axes> kept(r.kept_rank, r.kept_dims, r.kept_strides, first / r.column_blocks);
    for (int64_t task = first; task < last; ++task) {
      if (r.rows) {
        const Total total = reduce_rows_task<Op>(r, x + kept.offset, start, stop);
        kept.next();
        if (r.chunks > 1) {
          partial[part * r.outputs + task] = total;
        } else {
          y[task] = static_cast<typename Op::Result>(total);
        }
        continue;
      }
      const int64_t block = task % r.column_blocks, column = block * reduction_columns;
      const int64_t columns = lesser(reduction_columns, r.inner - column);
      const int64_t output = task / r.column_blocks * r.inner + column;
      const auto* block_x = x + kept.offset + column;
      if (block + 1 == r.column_blocks) kept.next();
      reduce_columns_task<Op>(r, block_x, columns, start, stop, y + output,
                              r.chunks > 1 ? partial + part * r.outputs + output : nullptr);
    }
  }
}

// Units [begin, end) of the second phase.
template <class Op>
GM_INLINE void combine_chunks(const Reduction& r, void* to, const void* scratch, int64_t begin, int64_t end) {
  typedef typename Op::Total Total;
  auto* y = static_cast<typename Op::Result*>(to);
  const auto* partial = static_cast<const Total*>(scratch);
  for (int64_t output = begin * 1024; output < lesser(end * 1024, r.outputs); ++output) {
    Total total = partial[output];
    for (int64_t part = 1; part < r.chunks; ++part) {
      total = Total(Op::combine(total, partial[part * r.outputs + output]));
    }
    y[output] = static_cast<typename Op::Result>(total);
  }
}

}  // namespace gradmill::GM_ISA_NAMESPACE
