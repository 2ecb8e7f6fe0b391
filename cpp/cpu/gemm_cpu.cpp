// Matrix products: the walk of one worker over its units.
//
// The order of loops, from the outside: groups of units (units that share columns, or for products of few rows units
// that share rows), blocks of k, units, panels of B, blocks of rows of A. A panel (k_block x 2 vectors, 16 KB on AVX2)
// stays in L1 while all rows of the unit pass it; the rows of A (64 x k_block floats, 64 KB) and the panels (256 KB)
// stay in L2 while they pass each other. B in rows is packed by the first row block on its way (Strip::keep), which
// costs stores but no pass of its own. A in rows is read in place, as a few streams, unless its rows lie pages apart.
// What comes next (a panel of B, the rows of A and the tile of the next unit) lies in short rows far apart, which no
// hardware follows: the kernels ask for it as they go.

#include "cpu/gemm.h"

#include "cpu/gemm_layout.h"
#include "cpu/gemm_pack.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr long page_bytes = 4096;
constexpr long ahead_bytes = 4 << 20;  // products of less memory find most of it in the caches

template <typename T>
class Worker {
 public:
  // source is null when A lies in memory.
  Worker(const GemmProblem& problem, const GemmSource* source, const T* a, const T* b, T* c, long ldc, void* scratch,
         const GemmEpilogue* epilogue)
      : problem_(problem), source_(source), layout_(Layout::of<T>(problem, source)), a_(a), b_(b), c_(c), ldc_(ldc),
        epilogue_(epilogue), tiles_(static_cast<T*>(scratch)),
        packed_b_(tiles_ + layout_.group_tiles * layout_.tile_size), packed_a_(packed_b_ + layout_.packed_b_size) {
    clear(own_ahead_);
  }

  void run(long begin, long end) {
    while (begin < end) {
      const long group = group_length(begin, end);
      const long steps = layout_.k_blocks * group;
      Task task = task_of(begin, group, 0);
      for (long step = 0; step < steps; ++step) {
        const bool is_last = step + 1 == steps;
        const Task next = is_last ? task : task_of(begin, group, step + 1);
        multiply(task, is_last ? nullptr : &next);
        if (epilogue_ && layout_.row_units > 1 && task.block + 1 == layout_.k_blocks) finish(task.unit, task.out);
        task = next;
      }
      if (epilogue_ && layout_.row_units == 1) finish(side_by_side(begin, group), tiles_);
      begin += group;
    }
  }

 private:
  // A rectangle of C.
  struct Block {
    long row, rows, col, cols;
  };

  Block unit_block(long unit) const {
    const GemmSplit& split = layout_.split;
    const long row = unit % layout_.row_units * split.row_block, col = unit / layout_.row_units * split.col_block;
    return {row, min_of(split.row_block, problem_.m - row), col, min_of(split.col_block, problem_.n - col)};
  }

  // Units that run together through each block of k. The grouping changes what stays packed, never the sums.
  long group_length(long begin, long end) const {
    long group = end - begin;
    if (layout_.row_units > 1) group = min_of(group, layout_.row_units - begin % layout_.row_units);
    const bool tiles_wait = epilogue_ != nullptr && (layout_.k_blocks > 1 || layout_.row_units == 1);
    return tiles_wait ? min_of(group, layout_.group_tiles) : group;
  }

  bool shares_columns(long group) const { return layout_.row_units > 1 && group > 1; }

  // One unit, one block of k.
  struct Task {
    Block unit;
    long block;
    T* out;
    long out_stride;
    bool shares_columns;  // all panels are kept for the units that follow
    bool later_in_group;  // an earlier unit has left packed what the group shares (the panels, or else the rows of A)
  };

  Task task_of(long begin, long group, long step) const {
    const long i = step % group, block = step / group;
    const Block unit = unit_block(begin + i);
    Task task{unit, block, nullptr, ldc_, shares_columns(group), i > 0};
    if (epilogue_ == nullptr) {
      task.out = c_ + unit.row * ldc_ + unit.col;
    } else if (layout_.row_units > 1) {  // units below each other, each with a tile of its own
      task.out = tiles_ + (layout_.k_blocks == 1 ? 0 : i * layout_.tile_size);
      task.out_stride = unit.cols;
    } else {  // side by side, in one tile: the epilogue gets long rows
      const Block all = side_by_side(begin, group);
      task.out = tiles_ + unit.col - all.col;
      task.out_stride = all.cols;
    }
    return task;
  }

  Block side_by_side(long begin, long group) const {
    const Block first = unit_block(begin), last = unit_block(begin + group - 1);
    return {first.row, first.rows, first.col, last.col + last.cols - first.col};
  }

  void finish(const Block& block, const T* tile) const {
    epilogue_->run(epilogue_->context, tile, block.cols, block.row, block.rows, block.col, block.cols);
  }

  void multiply(const Task& task, const Task* next) {
    const Block& unit = task.unit;
    const long k_begin = task.block * layout_.k_step;
    const long k = min_of(layout_.k_step, problem_.k - k_begin);
    const T* a = k > 0 && !source_ ? a_ + unit.row * problem_.a_row + k_begin * problem_.a_col : nullptr;
    const bool pack_a = source_ || pays_to_pack_a(unit.rows, unit.cols, k);
    if (pack_a && k > 0 && (task.shares_columns || !task.later_in_group)) {
      if (!source_) {
        if (packs_columns_) pack_columns(a, problem_.a_col, unit.rows, k, packed_a_, a_column_stride());
        else pack_rows(a, problem_.a_row, problem_.a_col, unit.rows, k, packed_a_);
      } else if (source_->a_columns) {
        source_->pack_a(source_->context, k_begin, k, unit.row, unit.rows, packed_a_, a_column_stride());
      } else {
        source_->pack_a(source_->context, unit.row, unit.rows, k_begin, k, packed_a_, packed_rows_stride<T>(k));
      }
    }
    const bool b_packed = task.shares_columns && task.later_in_group;
    Strip<T> strip;
    for (long j = 0; j < unit.cols; j += strip.cols) {
      strip.cols = strip_columns(unit.cols - j);
      strip.k = k;
      strip.accumulate = task.block > 0;
      strip.ahead = ahead_;
      strip.c_stride = task.out_stride;
      const long vectors = kernel_vectors(strip.cols);
      const RowBlocks blocks = RowBlocks::of(unit.rows, vectors == broad_vectors ? broad_max_rows : max_rows);
      const long packed_stride = vectors * Vectors<T>::lanes;
      T* packed = packed_b_ + (task.shares_columns ? j * layout_.k_step : 0);
      const bool make_b = source_ && source_->pack_b;
      const T* b = k > 0 && !make_b ? b_ + k_begin * problem_.b_row + (unit.col + j) * problem_.b_col : nullptr;
      const bool can_keep = vectors == panel_vectors;
      if (looks_ahead_ && k >= 16) look_ahead(task, next, j + strip.cols, ahead_lines * (blocks.tall + blocks.low), ahead_column(k));
      bool keep = false;
      strip.b = packed;
      strip.b_stride = packed_stride;
      if (!b_packed) {
        const bool passes_again = can_keep && (task.shares_columns || blocks.tall + blocks.low > 1);
        const bool whole_rows = problem_.b_col == 1 && strip.cols == packed_stride;
        if (make_b && source_->b_halves && whole_rows && passes_again) {
          keep = true;
          const long at = k_begin * problem_.b_row + unit.col + j;
          strip.raw = static_cast<const char*>(source_->b_halves) + at * 2;
          strip.stored = source_->b_storage;
        } else if (make_b) {
          source_->pack_b(source_->context, k_begin, k, unit.col + j, strip.cols, packed, packed_stride);
        } else if (source_ && source_->b_piece > 0) {
          pack_pieces(k_begin, k, unit.col + j, strip.cols, packed_stride, packed);
        } else if (whole_rows && (can_keep || !task.shares_columns)) {
          keep = passes_again;
          strip.b = b;
          strip.b_stride = problem_.b_row;
          strip.raw = b;
          strip.stored = Storage::same;
        } else {
          const long readable = (problem_.k - 1 - k_begin) * problem_.b_row + problem_.n - unit.col - j;
          pack_panel(b, problem_.b_row, problem_.b_col, k, strip.cols, packed_stride, readable, packed);
        }
      }
      long done = 0;
      if (keep) {
        strip.keep = packed;
        strip.raw_stride = problem_.b_row;
        run_blocks(strip, a, pack_a, blocks, 0, 1, vectors, task.out + j);
        strip.b = packed;
        strip.b_stride = packed_stride;
        done = 1;
      }
      strip.keep = nullptr;
      run_blocks(strip, a, pack_a, blocks, done, blocks.tall + blocks.low, vectors, task.out + j);
    }
  }

  // While a panel is multiplied: asks for the next one where that comes from memory, and near the end of the unit for
  // what the next task reads. Kernels below a panel fetch `calls` columns of `lines` lines.
  void look_ahead(const Task& task, const Task* next, long col, long calls, long lines) {
    if (!has_more(&own_ahead_)) clear(own_ahead_);
    const long left = task.unit.cols - col;
    if (left > 0 && !source_ && !(task.shares_columns && task.later_in_group)) ahead_of_panel(task, col, true);
    if (next == nullptr) return;
    const bool reads_a = !source_ && (next->shares_columns || !next->later_in_group || next->block != task.block);
    const bool reads_c = next->out != task.out;
    const long rows = next->unit.rows, k_begin = next->block * layout_.k_step;
    const long k = min_of(layout_.k_step, problem_.k - k_begin);
    const bool by_rows = problem_.a_col == 1;
    const long a_lines = by_rows ? rows : k, a_bytes = (by_rows ? k : rows) * size;
    const long c_bytes = next->unit.cols * size;
    const long wanted = (reads_a ? ceil_div(a_bytes, 64) * ceil_div(a_lines, lines) : 0) +
                        (reads_c ? ceil_div(c_bytes, 64) * ceil_div(rows, lines) : 0);
    const long panels_wanted = ceil_div(wanted, calls) + 1, panels_left = ceil_div(left, layout_.panel_width) + 1;
    if (panels_left != min_of(panels_wanted, ceil_div(task.unit.cols, layout_.panel_width))) return;
    if (reads_a) {
      const T* a = a_ + next->unit.row * problem_.a_row + k_begin * problem_.a_col;
      add_rows(own_ahead_, a, (by_rows ? problem_.a_row : problem_.a_col) * size, a_lines, a_bytes);
    }
    if (reads_c) add_rows(own_ahead_, next->out, next->out_stride * size, rows, c_bytes);
    if (!(next->shares_columns && next->later_in_group)) ahead_of_panel(*next, 0);
  }

  void ahead_of_panel(const Task& task, long col, bool soon = false) {
    if (source_) return;
    const long k_begin = task.block * layout_.k_step, k = min_of(layout_.k_step, problem_.k - k_begin);
    const long cols = min_of(layout_.panel_width, task.unit.cols - col);
    const T* b = b_ + k_begin * problem_.b_row + (task.unit.col + col) * problem_.b_col;
    if (problem_.b_col == 1) add_rows(own_ahead_, b, problem_.b_row * size, k, cols * size, soon);
    else add_rows(own_ahead_, b, problem_.b_col * size, cols, k * size, soon);
  }

  // A panel of B whose rows come in pieces.
  void pack_pieces(long k_begin, long k, long col, long cols, long width, T* to) const {
    const long piece = source_->b_piece;
    for (long p = k_begin; p < k_begin + k;) {
      const long within = p % piece, count = min_of(piece - within, k_begin + k - p);
      const T* b = b_ + source_->b_offset(source_->context, p / piece) + within * problem_.b_row + col * problem_.b_col;
      const long readable = (piece - 1 - within) * problem_.b_row + problem_.n - col;
      pack_panel(b, problem_.b_row, problem_.b_col, count, cols, width, readable, to + (p - k_begin) * width);
      p += count;
    }
  }

  // Blocks [begin, end) of the unit's rows under one panel.
  void run_blocks(Strip<T>& strip, const T* a, bool pack_a, const RowBlocks& blocks, long begin, long end,
                  long vectors, T* out) {
    while (begin < end) {
      const bool tall = begin < blocks.tall;
      const long height = tall ? blocks.height : blocks.height - 1;
      const long stop = tall ? min_of(end, blocks.tall) : end;
      const long first_row = blocks.first_row(begin);
      strip.blocks = stop - begin;
      strip.c = out + first_row * strip.c_stride;
      const T* first = pack_a ? packed_a_ : a;
      const bool by_columns = pack_a ? packs_columns_ : problem_.a_row == 1 && problem_.a_col != 1;
      const long row_stride = by_columns ? 1 : pack_a ? packed_rows_stride<T>(strip.k) : problem_.a_row;
      strip.a = first + first_row * row_stride;
      strip.a_block = height * row_stride;
      if (!by_columns) {
        strip.a_stride = row_stride;
        dispatch_strip<T, AForm::rows>(strip, height, vectors);
      } else {
        strip.a_stride = pack_a ? a_column_stride() : problem_.a_col;
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

  long a_column_stride() const { return packed_rows_stride<T>(layout_.split.row_block); }

  // Columns of the next panel when `left` are left: a last vector of its own would not keep the arithmetic busy.
  long strip_columns(long left) const {
    constexpr long broad = broad_vectors * Vectors<T>::lanes;
    const bool joins = layout_.panel_width < broad && left > layout_.panel_width && left <= broad;
    return joins ? left : min_of(layout_.panel_width, left);
  }

  long kernel_vectors(long cols) const {
    constexpr long lanes = Vectors<T>::lanes;
    if (cols <= lanes) return 1;
    if (cols <= panel_vectors * lanes) return panel_vectors;
    return layout_.panel_width < broad_vectors * lanes ? broad_vectors : wide_vectors;
  }

  const GemmProblem& problem_;
  const GemmSource* source_;
  const Layout layout_;
  const T* a_;
  const T* b_;
  T* c_;
  long ldc_;
  const GemmEpilogue* epilogue_;
  T* tiles_;
  T* packed_b_;
  T* packed_a_;
  static constexpr long size = sizeof(T);
  const bool packs_columns_ = packs_columns(problem_, source_);
  Ahead own_ahead_;
  Ahead* const chain_ahead_ = worker_ahead();  // of the chain that this product is a part of
  Ahead* const ahead_ = chain_ahead_ ? chain_ahead_ : &own_ahead_;
  const bool looks_ahead_ =
      !chain_ahead_ && (problem_.m * problem_.n + problem_.k * (problem_.m + problem_.n)) * size >= ahead_bytes;
};

// All rows of C under one panel. `keep` is where the rows of B are packed on the way, or null.
template <typename T, AForm FORM>
static void run_panel(Strip<T> strip, long rows, T* keep) {
  const long vectors = strip.cols <= Vectors<T>::lanes && keep == nullptr ? 1 : panel_vectors;
  const long width = panel_vectors * Vectors<T>::lanes, row_of_a = FORM == AForm::rows ? strip.a_stride : 1;
  const RowBlocks blocks = RowBlocks::of(rows);
  const T* const a = strip.a;
  T* const c = strip.c;
  for (long block = 0; block < blocks.tall + blocks.low;) {
    const bool tall = block < blocks.tall;
    const long height = tall ? blocks.height : blocks.height - 1, first = blocks.first_row(block);
    strip.keep = block == 0 ? keep : nullptr;
    strip.raw = strip.b;
    strip.raw_stride = strip.b_stride;
    strip.stored = Storage::same;
    strip.blocks = strip.keep ? 1 : tall ? blocks.tall - block : blocks.low;
    strip.a = a + first * row_of_a;
    strip.a_block = height * row_of_a;
    strip.c = c + first * strip.c_stride;
    dispatch_strip<T, FORM>(strip, height, vectors);
    block += strip.blocks;
    if (strip.keep) {
      strip.b = keep;
      strip.b_stride = width;
    }
  }
}

template <typename T>
static void run_panels(long rows, long cols, long k, const T* a, long lda, const T* panels, T* c, long ldc) {
  constexpr long width = panel_vectors * Vectors<T>::lanes;
  for (long col = 0; rows > 0 && col < cols; col += width, panels += k * width) {
    for (long p = 0; p < max_of(k, 1); p += k_block) {
      run_panel<T, AForm::rows>({a + p, lda, 0, panels + p * width, width, nullptr, c + col, ldc, min_of(k_block, k - p), 0,
                                 min_of(width, cols - col), p > 0, nullptr}, rows, nullptr);
    }
  }
}

template <typename T>
static void run_columns(long rows, long cols, long k, const T* a, long lda, const T* b, long ldb, T* c, long ldc, T* scratch) {
  for (long p = 0; p < max_of(k, 1); p += k_block) {
    run_panel<T, AForm::columns>({a + p * lda, lda, 0, b + p * ldb, ldb, nullptr, c, ldc, min_of(k_block, k - p), 0, cols,
                                  p > 0, nullptr}, rows, scratch);
  }
}

}  // namespace

GemmSplit gemm_split(const GemmProblem& problem, int element_size) {
  return split_problem(problem, nullptr, element_size);
}

GemmSplit gemm_split(const GemmProblem& problem, const GemmSource& source, int element_size) {
  return split_problem(problem, &source, element_size);
}

size_t gemm_scratch_bytes(const GemmProblem& problem, int element_size) {
  const Layout layout = element_size == 4 ? Layout::of<float>(problem) : Layout::of<double>(problem);
  return static_cast<size_t>(layout.total_size()) * element_size;
}

void gemm_run(const GemmProblem& problem, const float* a, const float* b, float* c, long ldc, void* scratch,
              long unit_begin, long unit_end, const GemmEpilogue* epilogue) {
  Worker<float>(problem, nullptr, a, b, c, ldc, scratch, epilogue).run(unit_begin, unit_end);
}

void gemm_run(const GemmProblem& problem, const double* a, const double* b, double* c, long ldc, void* scratch,
              long unit_begin, long unit_end, const GemmEpilogue* epilogue) {
  Worker<double>(problem, nullptr, a, b, c, ldc, scratch, epilogue).run(unit_begin, unit_end);
}

size_t gemm_scratch_bytes(const GemmProblem& problem, const GemmSource& source, int element_size) {
  const Layout layout =
      element_size == 4 ? Layout::of<float>(problem, &source) : Layout::of<double>(problem, &source);
  return static_cast<size_t>(layout.total_size()) * element_size;
}

void gemm_run(const GemmProblem& problem, const GemmSource& source, const float* b, float* c, long ldc, void* scratch,
              long unit_begin, long unit_end, const GemmEpilogue* epilogue) {
  Worker<float>(problem, &source, nullptr, b, c, ldc, scratch, epilogue).run(unit_begin, unit_end);
}

void gemm_run(const GemmProblem& problem, const GemmSource& source, const double* b, double* c, long ldc, void* scratch,
              long unit_begin, long unit_end, const GemmEpilogue* epilogue) {
  Worker<double>(problem, &source, nullptr, b, c, ldc, scratch, epilogue).run(unit_begin, unit_end);
}

long gemm_panel_columns(int element_size) { return panel_vectors * GM_GEMM_VECTOR_BYTES / element_size; }
long gemm_columns_scratch(int element_size) { return k_block * gemm_panel_columns(element_size); }

void gemm_panels(long rows, long cols, long k, const float* a, long lda, const float* panels, float* c, long ldc) {
  run_panels(rows, cols, k, a, lda, panels, c, ldc);
}
void gemm_panels(long rows, long cols, long k, const double* a, long lda, const double* panels, double* c, long ldc) {
  run_panels(rows, cols, k, a, lda, panels, c, ldc);
}

void gemm_columns(long rows, long cols, long k, const float* a, long lda, const float* b, long ldb, float* c, long ldc,
                  float* scratch) {
  run_columns(rows, cols, k, a, lda, b, ldb, c, ldc, scratch);
}
void gemm_columns(long rows, long cols, long k, const double* a, long lda, const double* b, long ldb, double* c, long ldc,
                  double* scratch) {
  run_columns(rows, cols, k, a, lda, b, ldb, c, ldc, scratch);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
