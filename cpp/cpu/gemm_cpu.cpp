// Matrix products: how the output is cut, and the walk of one worker over its units.
//
// The order of loops, from the outside: groups of units (units that share columns, or for products of few rows units
// that share rows), blocks of k, units, panels of B, blocks of rows of A. A panel (k_block x 2 vectors, 16 KB on AVX2)
// stays in L1 while all rows of the unit pass it; the rows of A (64 x k_block floats, 64 KB) and the panels (256 KB)
// stay in L2 while they pass each other. B in rows is packed by the first row block on its way (Strip::keep), which
// costs stores but no pass of its own. A in rows is read in place, as a few streams, unless its rows lie pages apart.

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
constexpr long page_bytes = 4096;

static inline long ceil_div(long x, long y) { return (x + y - 1) / y; }
static inline long min_of(long x, long y) { return x < y ? x : y; }
static inline long max_of(long x, long y) { return x > y ? x : y; }

static GemmSplit split_problem(const GemmProblem& problem, long element_size) {
  const long m = problem.m, n = problem.n;
  if (m <= 0 || n <= 0) return {0, 0, 0};
  const long panel = panel_vectors * GM_GEMM_VECTOR_BYTES / element_size;
  const long wanted = max_of(1, min_of(wanted_units, m * n * problem.k / unit_work));
  const long widest = unit_row_bytes / element_size;
  const long row_units_worthwhile = m / (unit_min_blocks * max_rows);
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

// Everything that follows from the problem and its split.
struct Layout {
  GemmSplit split;
  long row_units;
  long k_blocks, k_step;
  long panel_width;  // columns of a whole panel
  long group_tiles;  // tiles that fit the scratch
  long tile_size, packed_b_size, packed_a_size;  // elements

  template <typename T>
  static Layout of(const GemmProblem& problem) {
    Layout layout;
    layout.split = split_problem(problem, sizeof(T));
    const GemmSplit& split = layout.split;
    layout.row_units = split.units > 0 ? ceil_div(problem.m, split.row_block) : 0;
    layout.k_blocks = max_of(1, ceil_div(problem.k, k_block));
    layout.k_step = ceil_div(problem.k, layout.k_blocks);
    const long vectors = split.row_block <= wide_max_rows ? wide_vectors : panel_vectors;
    layout.panel_width = vectors * Vectors<T>::lanes;
    layout.tile_size = round_up(split.row_block * split.col_block, 16);
    const long tiles = group_tile_bytes / max_of(1, layout.tile_size * static_cast<long>(sizeof(T)));
    layout.group_tiles = layout.k_blocks == 1 ? 1 : max_of(1, min_of(split.units, tiles));
    layout.packed_b_size = round_up(layout.k_step * round_up(split.col_block, layout.panel_width), 16);
    layout.packed_a_size = packed_rows_stride<T>(layout.k_step) * split.row_block;
    return layout;
  }

  long total_size() const { return group_tiles * tile_size + packed_b_size + packed_a_size; }

 private:
  static long round_up(long x, long to) { return ceil_div(x, to) * to; }
};

// The rows of a unit as `tall` blocks of `height` rows, then `low` blocks of one row less: 32 rows on AVX2 are
// 6 6 5 5 5 5 rather than five times 6 and a slow 2.
struct RowBlocks {
  long height, tall, low;

  static RowBlocks of(long rows) {
    const long blocks = ceil_div(rows, max_rows);
    const long height = ceil_div(rows, blocks);
    const long low = blocks * height - rows;
    return {height, blocks - low, low};
  }
};

template <typename T>
class Worker {
 public:
  Worker(const GemmProblem& problem, const T* a, const T* b, T* c, long ldc, void* scratch, GemmEpilogue epilogue,
         void* context)
      : problem_(problem), layout_(Layout::of<T>(problem)), a_(a), b_(b), c_(c), ldc_(ldc), epilogue_(epilogue),
        context_(context), tiles_(static_cast<T*>(scratch)),
        packed_b_(tiles_ + layout_.group_tiles * layout_.tile_size), packed_a_(packed_b_ + layout_.packed_b_size) {}

  void run(long begin, long end) {
    while (begin < end) {
      const long group = group_length(begin, end);
      for (long block = 0; block < layout_.k_blocks; ++block) {
        for (long i = 0; i < group; ++i) run_unit(begin, begin + i, group, block);
      }
      begin += group;
    }
  }

 private:
  // Units that run together through each block of k. The grouping changes what stays packed, never the sums.
  long group_length(long begin, long end) const {
    long group = end - begin;
    if (layout_.row_units > 1) group = min_of(group, layout_.row_units - begin % layout_.row_units);
    if (epilogue_ != nullptr && layout_.k_blocks > 1) group = min_of(group, layout_.group_tiles);
    return group;
  }

  void run_unit(long group_begin, long unit, long group, long block) {
    const GemmSplit& split = layout_.split;
    const long row = unit % layout_.row_units * split.row_block;
    const long col = unit / layout_.row_units * split.col_block;
    const long rows = min_of(split.row_block, problem_.m - row);
    const long cols = min_of(split.col_block, problem_.n - col);
    const bool shares_columns = layout_.row_units > 1 && group > 1;
    T* tile = tiles_ + (layout_.k_blocks == 1 ? 0 : (unit - group_begin) * layout_.tile_size);
    T* out = epilogue_ != nullptr ? tile : c_ + row * ldc_ + col;
    const long out_stride = epilogue_ != nullptr ? cols : ldc_;
    multiply(row, rows, col, cols, block, out, out_stride, shares_columns, unit > group_begin);
    if (epilogue_ != nullptr && block + 1 == layout_.k_blocks) {
      epilogue_(context_, tile, cols, row, rows, col, cols);
    }
  }

  // One unit, one block of k. shares_columns: all panels are kept for the units that follow; later_in_group: an earlier
  // unit has left packed what the group shares (the panels, or else the rows of A).
  void multiply(long row, long rows, long col, long cols, long block, T* out, long out_stride, bool shares_columns,
                bool later_in_group) {
    const long k_begin = block * layout_.k_step;
    const long k = min_of(layout_.k_step, problem_.k - k_begin);
    const RowBlocks blocks = RowBlocks::of(rows);
    const T* a = k > 0 ? a_ + row * problem_.a_row + k_begin * problem_.a_col : nullptr;
    const bool pack_a = pays_to_pack_a(rows, cols, k);
    if (pack_a && (shares_columns || !later_in_group)) {
      pack_rows(a, problem_.a_row, problem_.a_col, rows, k, packed_a_);
    }
    const bool b_packed = shares_columns && later_in_group;
    const long width = layout_.panel_width;
    for (long j = 0; j < cols; j += width) {
      Strip<T> strip;
      strip.cols = min_of(width, cols - j);
      strip.k = k;
      strip.accumulate = block > 0;
      strip.c_stride = out_stride;
      const long vectors = kernel_vectors(strip.cols);
      const long packed_stride = vectors * Vectors<T>::lanes;
      T* packed = packed_b_ + (shares_columns ? j * layout_.k_step : 0);
      const T* b = k > 0 ? b_ + k_begin * problem_.b_row + (col + j) * problem_.b_col : nullptr;
      const bool can_keep = vectors == panel_vectors;
      bool keep = false;
      strip.b = packed;
      strip.b_stride = packed_stride;
      if (!b_packed) {
        if (problem_.b_col == 1 && strip.cols == packed_stride && (can_keep || !shares_columns)) {
          keep = can_keep && (shares_columns || blocks.tall + blocks.low > 1);
          strip.b = b;
          strip.b_stride = problem_.b_row;
        } else {
          const long readable = (problem_.k - 1 - k_begin) * problem_.b_row + problem_.n - col - j;
          pack_panel(b, problem_.b_row, problem_.b_col, k, strip.cols, packed_stride, readable, packed);
        }
      }
      long done = 0;
      if (keep) {
        strip.keep = packed;
        run_blocks(strip, a, pack_a, blocks, 0, 1, vectors, out + j);
        strip.b = packed;
        strip.b_stride = packed_stride;
        done = 1;
      }
      strip.keep = nullptr;
      run_blocks(strip, a, pack_a, blocks, done, blocks.tall + blocks.low, vectors, out + j);
    }
  }

  // Blocks [begin, end) of the unit's rows under one panel.
  void run_blocks(Strip<T>& strip, const T* a, bool pack_a, const RowBlocks& blocks, long begin, long end,
                  long vectors, T* out) {
    while (begin < end) {
      const bool tall = begin < blocks.tall;
      const long height = tall ? blocks.height : blocks.height - 1;
      const long stop = tall ? min_of(end, blocks.tall) : end;
      const long tall_before = min_of(begin, blocks.tall);
      const long first_row = tall_before * blocks.height + (begin - tall_before) * (blocks.height - 1);
      strip.blocks = stop - begin;
      strip.c = out + first_row * strip.c_stride;
      const T* first = pack_a ? packed_a_ : a;
      const long row_stride = pack_a ? packed_rows_stride<T>(strip.k) : problem_.a_row;
      strip.a = first + first_row * row_stride;
      strip.a_block = height * row_stride;
      if (row_stride != 1 || problem_.a_col == 1) {
        strip.a_stride = row_stride;
        dispatch_strip<T, AForm::rows>(strip, height, vectors);
      } else {
        strip.a_stride = problem_.a_col;
        dispatch_strip<T, AForm::columns>(strip, height, vectors);
      }
      begin = stop;
    }
  }

  // A in rows is read in place, unless its rows are a page or more apart (misses of the TLB, rows that share a set of
  // L1) and many panels pass. A in columns touches one cache line for every k: good while those stay in L1.
  bool pays_to_pack_a(long rows, long cols, long k) const {
    if (problem_.a_col == 1) {
      return k > 64 && cols >= 8 * layout_.panel_width && problem_.a_row * static_cast<long>(sizeof(T)) >= page_bytes;
    }
    return problem_.a_row != 1 || (k > 64 && rows > max_rows && cols > layout_.panel_width);
  }

  long kernel_vectors(long cols) const {
    if (cols <= Vectors<T>::lanes) return 1;
    if (cols <= panel_vectors * Vectors<T>::lanes) return panel_vectors;
    return wide_vectors;
  }

  const GemmProblem& problem_;
  const Layout layout_;
  const T* a_;
  const T* b_;
  T* c_;
  long ldc_;
  GemmEpilogue epilogue_;
  void* context_;
  T* tiles_;
  T* packed_b_;
  T* packed_a_;
};

}  // namespace

GemmSplit gemm_split(const GemmProblem& problem, int element_size) { return split_problem(problem, element_size); }

size_t gemm_scratch_bytes(const GemmProblem& problem, int element_size) {
  const Layout layout = element_size == 4 ? Layout::of<float>(problem) : Layout::of<double>(problem);
  return static_cast<size_t>(layout.total_size()) * element_size;
}

void gemm_run(const GemmProblem& problem, const float* a, const float* b, float* c, long ldc, void* scratch,
              long unit_begin, long unit_end, GemmEpilogue epilogue, void* context) {
  Worker<float>(problem, a, b, c, ldc, scratch, epilogue, context).run(unit_begin, unit_end);
}

void gemm_run(const GemmProblem& problem, const double* a, const double* b, double* c, long ldc, void* scratch,
              long unit_begin, long unit_end, GemmEpilogue epilogue, void* context) {
  Worker<double>(problem, a, b, c, ldc, scratch, epilogue, context).run(unit_begin, unit_end);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
