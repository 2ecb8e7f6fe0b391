#pragma once
// Sums down the columns of a matrix of rows x channels. Rows are cut into pieces, each piece gives two numbers for every
// channel, and these are put together in float64 in the order of the pieces.
#include "cpu/axis_split.h"
#include "cpu/channel_vector.h"
#include "cpu/simd/half_lanes.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t piece_elements = 32 * 1024;
constexpr int64_t combined_channels = 64;  // of a unit of the second phase
constexpr int64_t most_pieces = 1024;

struct ChannelSums {
  int64_t rows, channels, piece_rows, pieces;

  int64_t rows_of(int64_t piece) const { return lesser(piece_rows, rows - piece * piece_rows); }
};

// A block of columns: VECTORS vectors side by side, whose sums are kept for ROWS rows at a time, so that an addition need
// not wait for the one before.
template <class V, int VECTORS, int ROWS>
struct ColumnBlock {
  typedef V Vector;
  static constexpr int vectors = VECTORS, rows = ROWS;

  template <class T>
  static GM_INLINE V load(const T* row, int vector) {
    V value;
    if constexpr (is_half_type<T>) {
      constexpr int lanes = sizeof(V) / sizeof(float);
      float wide[lanes];
      widen_row(row + vector * lanes, wide, lanes);
      __builtin_memcpy(&value, wide, sizeof(V));
    } else {
      __builtin_memcpy(&value, row + vector * (sizeof(V) / sizeof(T)), sizeof(V));
    }
    return value;
  }
  template <class T>
  static GM_INLINE void store(T* row, int vector, const V& value) {
    __builtin_memcpy(row + vector * (sizeof(V) / sizeof(T)), &value, sizeof(V));
  }
  // The sums of all rows together.
  static GM_INLINE V total(const V sums[ROWS][VECTORS], int vector) {
    V result = sums[0][vector];
    for (int r = 1; r < ROWS; ++r) result += sums[r][vector];
    return result;
  }
  // Calls add(row, r) for rows [begin, end): r is the place of its sums.
  template <class Add>
  static GM_INLINE void for_rows(int64_t begin, int64_t end, const Add& add) {
    int64_t row = begin;
    for (; row + ROWS <= end; row += ROWS) {
#pragma GCC unroll 4
      for (int r = 0; r < ROWS; ++r) add(row + r, r);
    }
    for (; row < end; ++row) add(row, 0);
  }
};

// Calls body(column block, first column) for blocks whose sums fit the registers, and for the rest one by one.
template <class T, class Body>
GM_INLINE void for_column_blocks(int64_t channels, const Body& body) {
  typedef typename ChannelVector<T>::Type V;
  constexpr int64_t lanes = ChannelVector<T>::lanes;
  int64_t c = 0;
  for (; c + 4 * lanes <= channels; c += 4 * lanes) body(ColumnBlock<V, 4, 1>(), c);
  for (; c + 2 * lanes <= channels; c += 2 * lanes) body(ColumnBlock<V, 2, 2>(), c);
  for (; c + lanes <= channels; c += lanes) body(ColumnBlock<V, 1, 4>(), c);
  for (; c < channels; ++c) body(ColumnBlock<T, 1, 4>(), c);
}

template <class T>
static inline T* piece_numbers(const KernelCall& call, const ChannelSums& p, int64_t piece) {
  return reinterpret_cast<T*>(call.shared_scratch) + piece * 2 * p.channels;
}

static inline void plan_channel_sums(const KernelProblem& problem, KernelPlan& plan, const StorageInstances& instances) {
  ChannelSums& p = parameters_of<ChannelSums>(plan);
  const BufferType& x = problem.inputs[0];
  p.channels = x.dims[x.rank - 1];
  p.rows = p.channels ? x.elements / p.channels : 0;
  p.piece_rows = greater(greater(1, piece_elements / p.channels), divide_up(p.rows, most_pieces));
  p.pieces = divide_up(p.rows, p.piece_rows);
  plan.run = of_storage(x.dtype, instances);
  plan.phases = 2;
  plan.units[0] = p.pieces;
  plan.units[1] = divide_up(p.channels, combined_channels);
  plan.operations = 2.0 * static_cast<double>(x.elements);
  plan.shared_scratch_bytes = static_cast<size_t>(greater(p.pieces, 1) * 2 * p.channels * (x.dtype == DType::float64 ? 8 : 4));
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
