#pragma once
// Sums down the columns of a matrix of rows x channels. Rows are cut into pieces, each piece gives two numbers for every
// channel, and these are put together in float64 in the order of the pieces.
#include "cpu/axis_split.h"
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

// Calls body(number of columns as a constant, first column) for blocks of columns whose sums fit the registers, and for
// the rest one by one.
template <int COLUMNS>
struct ColumnCount {
  static constexpr int value = COLUMNS;
};

template <class T, class Body>
GM_INLINE void for_column_blocks(int64_t channels, const Body& body) {
  constexpr int wide = 128 / sizeof(T), narrow = 32 / sizeof(T);
  int64_t c = 0;
  for (; c + wide <= channels; c += wide) body(ColumnCount<wide>(), c);
  for (; c + narrow <= channels; c += narrow) body(ColumnCount<narrow>(), c);
  for (; c < channels; ++c) body(ColumnCount<1>(), c);
}

template <class T>
static inline T* piece_numbers(const KernelCall& call, const ChannelSums& p, int64_t piece) {
  return reinterpret_cast<T*>(call.shared_scratch) + piece * 2 * p.channels;
}

static inline void plan_channel_sums(const KernelProblem& problem, KernelPlan& plan, KernelFunction single,
                                     KernelFunction wide) {
  ChannelSums& p = parameters_of<ChannelSums>(plan);
  const BufferType& x = problem.inputs[0];
  p.channels = x.dims[x.rank - 1];
  p.rows = p.channels ? x.elements / p.channels : 0;
  p.piece_rows = greater(greater(1, piece_elements / p.channels), divide_up(p.rows, most_pieces));
  p.pieces = divide_up(p.rows, p.piece_rows);
  const bool is_single = x.dtype == DType::float32;
  plan.run = is_single ? single : wide;
  plan.phases = 2;
  plan.units[0] = p.pieces;
  plan.units[1] = divide_up(p.channels, combined_channels);
  plan.operations = 2.0 * static_cast<double>(x.elements);
  plan.shared_scratch_bytes = static_cast<size_t>(greater(p.pieces, 1) * 2 * p.channels * (is_single ? 4 : 8));
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
