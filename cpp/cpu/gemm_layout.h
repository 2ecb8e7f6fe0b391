#pragma once
// How the output of a matrix product is cut, and what of it and of its factors one worker holds at a time. Everything
// here has internal linkage.

#include "cpu/gemm.h"
#include "cpu/gemm_micro.h"
#include "cpu/gemm_pack.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr long k_block = 256;               // a panel of 16 KB with 2 vectors of 32 bytes: half of L1
constexpr long unit_work = 400 * 1000;      // multiply-adds of the smallest unit worth handing out, about 8 us
constexpr long wanted_units = 128;          // 64 workers get 2 each
constexpr long unit_row_bytes = 1024;       // widest unit: 256 floats, to repay the packing of A
constexpr long unit_bytes = 64 * 1024;      // largest tile; with 128 KB products of side 2048 lose 5 % to L2 misses
constexpr long unit_min_blocks = 4;         // fewest row blocks of a unit where rows are split
constexpr long flat_rows = 128;             // up to here columns are split: B, the larger part, is read once
constexpr long group_tile_bytes = 1 << 20;  // tiles of a group that wait for the next block of k

static inline long ceil_div(long x, long y) { return (x + y - 1) / y; }
static inline long min_of(long x, long y) { return x < y ? x : y; }
static inline long max_of(long x, long y) { return x > y ? x : y; }

static GemmSplit split_problem(const GemmProblem& problem, const GemmSource* source, long element_size) {
  const long m = problem.m, n = problem.n;
  if (m <= 0 || n <= 0) return {0, 0, 0};
  const long panel = panel_vectors * GM_GEMM_VECTOR_BYTES / element_size;
  const long wanted = max_of(1, min_of(wanted_units, m * n * problem.k / unit_work));
  const long widest = unit_row_bytes / element_size;
  const long fewest_rows = source && source->unit_rows > 0 ? source->unit_rows : unit_min_blocks * max_rows;
  const long row_units_worthwhile = m / fewest_rows;
  long row_units = 1;
  long col_units = ceil_div(n, widest);
  if (m > flat_rows || row_units_worthwhile > ceil_div(n, panel)) {
    const long rows_that_fit = unit_bytes / element_size / min_of(n, widest);
    row_units = max_of(ceil_div(m, rows_that_fit), min_of(ceil_div(wanted, col_units), row_units_worthwhile));
  } else {
    col_units = max_of(col_units, min_of(wanted, ceil_div(n, panel)));
  }
  const long row_block = ceil_div(m, row_units);
  const long col_block = min_of(n, ceil_div(ceil_div(n, col_units), panel) * panel);
  return {row_block, col_block, ceil_div(m, row_block) * ceil_div(n, col_block)};
}

// Whether A is packed as columns. From memory that is a plain copy, which pays where arithmetic is so quick that the
// transposition into rows takes 6 % of the time (measured with AVX-512 on products of DistilBERT's size).
static inline bool packs_columns(const GemmProblem& problem, const GemmSource* source) {
  if (source) return source->a_columns;
  return GM_GEMM_VECTOR_BYTES == 64 && problem.a_row == 1 && problem.a_col != 1;
}

// Everything that follows from the problem and its split.
struct Layout {
  GemmSplit split;
  long row_units;
  long k_blocks, k_step;
  long panel_width;  // columns of a whole panel
  long group_tiles;  // tiles that fit the scratch
  long tile_size, packed_b_size, packed_a_size;  // elements

  template <typename T>
  static Layout of(const GemmProblem& problem, const GemmSource* source = nullptr) {
    Layout layout;
    layout.split = split_problem(problem, source, sizeof(T));
    const GemmSplit& split = layout.split;
    layout.row_units = split.units > 0 ? ceil_div(problem.m, split.row_block) : 0;
    layout.k_blocks = max_of(1, ceil_div(problem.k, k_block));
    layout.k_step = ceil_div(problem.k, layout.k_blocks);
    const long vectors = split.row_block <= wide_max_rows ? wide_vectors : panel_vectors;
    layout.panel_width = vectors * Vectors<T>::lanes;
    layout.tile_size = round_up(split.row_block * split.col_block, 16);
    const long tiles = group_tile_bytes / max_of(1, layout.tile_size * static_cast<long>(sizeof(T)));
    layout.group_tiles = layout.k_blocks == 1 && layout.row_units > 1 ? 1 : max_of(1, min_of(split.units, tiles));
    layout.packed_b_size = round_up(layout.k_step * round_up(split.col_block, layout.panel_width), 16);
    layout.packed_a_size = packs_columns(problem, source) ? packed_rows_stride<T>(split.row_block) * layout.k_step
                                                          : packed_rows_stride<T>(layout.k_step) * split.row_block;
    return layout;
  }

  long total_size() const { return group_tiles * tile_size + packed_b_size + packed_a_size; }

 private:
  static long round_up(long x, long to) { return ceil_div(x, to) * to; }
};

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
