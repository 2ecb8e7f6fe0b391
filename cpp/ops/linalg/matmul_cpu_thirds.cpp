// Products of float32 matrices on tiles of bfloat16 numbers, as sums of thirds (cpu/thirds.h). Of A all rows are split first,
// or a unit's where A is large: many columns of B pass them. Columns of B are split when their turn comes, into L1.
#include "cpu/axis_split.h"
#include "cpu/thirds.h"
#include "ops/bfloat16_tiles_kernel.h"
#include "ops/linalg/matmul_cpu_blocks.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr long block_rows = 320;             // their chunks of one sum, 180 KB, stay in L2 while columns pass
constexpr long pass_columns = 256;           // that pass the rows together, of one unit or neighbouring ones
constexpr long fewest_rows = 128, fewest_columns = 64;  // of a unit, if it is not the smallest
constexpr long pack_lines = 64;              // that are split together
constexpr long most_split_bytes = 48 << 20;  // of A
constexpr long wanted_units = 16, unit_work = 2 << 20;

struct Parameters : ProductShape {
  long chunks;
  long row_block, column_block, row_units, column_units, pass_units;
  bool split_first;   // A
  long a_matrices;    // of a batch
  long pack_units;    // of one A
  long flag_bytes;    // in front of the split rows: for each packed unit whether all its numbers have thirds
  long matrix_bytes() const { return round_to(gemm.m, thirds_side) / tile_lines * chunks * chunk_bytes; }
  long matrix_of(long batch) const { return a_matrices > 1 ? batch : 0; }
  Lines rows_of(const float* a, long row) const { return {a + row * gemm.a_row, gemm.a_row, gemm.a_col}; }
  Lines columns_of(const float* b, long column) const { return {b + column * gemm.b_col, gemm.b_col, gemm.b_row}; }
};

Lines behind(const Lines& lines, long chunk) { return {lines.from + chunk * tile_terms * lines.term, lines.line, lines.term}; }

// Lines of which `terms` terms are there, as `chunks` chunks, up to an even number of tiles.
void pack_tiles(const Lines& source, long lines, long terms, long chunks, bool turned, char* to, ThirdsCheck& check) {
  for (long i = 0; i < chunks; ++i) {
    for (long line = 0; line < round_to(lines, thirds_side); line += tile_lines) {
      const Lines from{source.from + line * source.line + i * tile_terms * source.term, source.line, source.term};
      char* const tile = to + (line / tile_lines * chunks + i) * chunk_bytes;
      pack_chunk(from, lines - line, terms - i * tile_terms, turned, tile, check);
    }
  }
}

void split_rows_first(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const long matrix = unit / p.pack_units, row = unit % p.pack_units * pack_lines;
    const Lines rows = p.rows_of(static_cast<const float*>(call.buffers[0]) + factors_of(p, matrix).a, row);
    char* const to = call.shared_scratch + p.flag_bytes + matrix * p.matrix_bytes() + row / tile_lines * p.chunks * chunk_bytes;
    ThirdsCheck check;
    pack_tiles(rows, lesser(pack_lines, p.gemm.m - row), p.gemm.k, p.chunks, false, to, check);
    reinterpret_cast<uint32_t*>(call.shared_scratch)[unit] = check.all_split();
  }
}

// Neighbouring blocks of the result.
struct Block {
  long batch, row, rows, column, columns;
  const float *a, *b;  // of this product of the batch
};

// What a worker has.
struct Workspace {
  char* rows;     // split, where that was not done first
  char* columns;  // split: those that are multiplied and those that come next
  float* tile;
  WaitingSums waiting;
  NextColumns next;
  long turn = 0;
};

bool rows_are_split(const Parameters& p, const KernelCall& call, const Block& block) {
  const uint32_t* split = reinterpret_cast<const uint32_t*>(call.shared_scratch) + p.matrix_of(block.batch) * p.pack_units;
  for (long unit = block.row / pack_lines; unit * pack_lines < block.row + block.rows; ++unit)
    if (!split[unit]) return false;
  return true;
}

// False if a number has no thirds.
template <class TILES>
bool multiply_block(TILES& tiles, const Parameters& p, const KernelCall& call, const Block& block, long width, Workspace& work) {
  if (p.split_first && !rows_are_split(p, call, block)) return false;
  const long rows = round_to(block.rows, thirds_side), k = p.gemm.k;
  ThirdsCheck check;
  bool has_columns = false;  // split already
  work.next.check = {};
  for (long chunk = 0; chunk < p.chunks; chunk += sum_chunks) {
    const long chunks = lesser(sum_chunks, p.chunks - chunk), chunks_behind = lesser(sum_chunks, p.chunks - chunk - chunks);
    const char* left = work.rows;
    long left_tile = chunks * chunk_bytes;
    if (p.split_first) {
      left_tile = p.chunks * chunk_bytes;
      left = call.shared_scratch + p.flag_bytes + p.matrix_of(block.batch) * p.matrix_bytes() +
             block.row / tile_lines * left_tile + chunk * chunk_bytes;
    } else {
      pack_tiles(behind(p.rows_of(block.a, block.row), chunk), block.rows, k - chunk * tile_terms, chunks, false, work.rows,
                 check);
    }
    for (long column = 0; column < width; column += thirds_side) {
      const Lines columns = behind(p.columns_of(block.b, block.column + column), chunk);
      char* const these = work.columns + (work.turn & 1) * columns_bytes;
      if (!has_columns) pack_tiles(columns, lesser(thirds_side, block.columns - column), k - chunk * tile_terms, chunks, true, these, check);
      // What follows: the next columns, or the first ones of the next chunks, and of the rows those chunks.
      const bool is_last = column + thirds_side >= block.columns;
      const long next_chunk = is_last ? chunk + chunks : chunk, next_column = is_last ? 0 : column + thirds_side;
      const long next_chunks = is_last ? chunks_behind : chunks;
      const Lines next = behind(p.columns_of(block.b, block.column + next_column), next_chunk);
      has_columns = next_chunks > 0 && next_column + thirds_side <= block.columns && (next_chunk + next_chunks) * tile_terms <= k;
      if (has_columns) work.next.begin(next, next_chunks, work.columns + (++work.turn & 1) * columns_bytes);
      for (long row = 0; row < rows; row += thirds_side) {
        const char* const from = left + row / tile_lines * left_tile;
        ThirdsBlock<ChunkPlaces> part{from, {left_tile}, these, chunks * chunk_bytes, chunks,
                                      work.tile + row * width + column, width, chunk > 0};
        if (has_columns) {
          part.next = &work.next;
          part.pieces = divide_up(work.next.left, product_steps * chunks * ((rows - row) / thirds_side));
          const Lines later = p.columns_of(next.from, thirds_side);
          if (next_column + 2 * thirds_side <= block.columns) part.soon[0] = soon_read(later, chunks, {row / thirds_side, rows / thirds_side});
        }
        if (p.split_first && chunks_behind > 0) {
          const Part of_rows{column / thirds_side, width / thirds_side};
          part.soon[1] = soon_multiplied(from + chunks * chunk_bytes, left_tile, chunks_behind, of_rows);
        }
        multiply_thirds(tiles, part, work.waiting);
      }
      work.next.finish();
    }
  }
  work.waiting.add();
  return check.all_split() && work.next.check.all_split();
}

// The same without tiles.
void multiply_plainly(const Parameters& p, const Block& block, long width, float* tile, char* scratch) {
  for (long column = 0; column < block.columns; column += p.column_block) {
    GemmProblem part = p.gemm;
    part.m = block.rows;
    part.n = lesser(p.column_block, block.columns - column);
    const float *a = block.a + block.row * part.a_row, *b = block.b + (block.column + column) * part.b_col;
    gemm_run(part, a, b, tile + column, width, scratch, 0, gemm_split(part, 4).units, nullptr);
  }
}

template <class TILES>
void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  if (call.phase == 0 && p.split_first) return split_rows_first(call);
  EpilogueContext context = epilogue_context(p, call, 4);
  const GemmEpilogue epilogue{p.program ? run_epilogue : narrow_block<float>, &context};
  Workspace work;
  work.tile = reinterpret_cast<float*>(call.worker_scratch);
  work.columns = call.worker_scratch + p.row_block * p.pass_units * p.column_block * 4;
  work.rows = work.columns + 2 * columns_bytes;
  TILES tiles;
  tiles.begin();
  for (int64_t i = call.begin; i < call.end;) {
    const long unit = i % p.column_units, count = lesser(p.pass_units, lesser(call.end - i, p.column_units - unit));
    Block block;
    block.column = unit * p.column_block;
    block.row = i / p.column_units % p.row_units * p.row_block;
    block.batch = i / p.column_units / p.row_units;
    block.columns = lesser(count * p.column_block, p.gemm.n - block.column);
    block.rows = lesser(p.row_block, p.gemm.m - block.row);
    const Factors offsets = factors_of(p, block.batch);
    block.a = static_cast<const float*>(call.buffers[0]) + offsets.a;
    block.b = static_cast<const float*>(call.buffers[1]) + offsets.b;
    const long width = round_to(block.columns, thirds_side);
    if (!multiply_block(tiles, p, call, block, width, work)) multiply_plainly(p, block, width, work.tile, work.columns);
    context.first = block.batch * p.gemm.m * p.gemm.n;
    epilogue.run(epilogue.context, work.tile, width, block.row, block.rows, block.column, block.columns);
    i += count;
  }
  tiles.end();
}

long plain_scratch(const Parameters& p) {
  long most = 0;
  for (int edge = 0; edge < 4; ++edge) {
    GemmProblem part = p.gemm;
    part.m = edge & 1 ? p.gemm.m - (p.row_units - 1) * p.row_block : lesser(p.row_block, p.gemm.m);
    part.n = edge & 2 ? p.gemm.n - (p.column_units - 1) * p.column_block : lesser(p.column_block, p.gemm.n);
    most = greater(most, static_cast<long>(gemm_scratch_bytes(part, 4)));
  }
  return most;
}

template <class TILES>
void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  static_cast<ProductShape&>(p) = shape_of(problem);
  const GemmProblem& gemm = p.gemm;
  p.chunks = divide_up(gemm.k, tile_terms);
  const double work = multiplications(p), worthwhile = work / unit_work;
  const long wanted = worthwhile < wanted_units ? static_cast<long>(worthwhile) : wanted_units;
  // All columns of a narrow result pass their rows together, so that no row is split twice; others give way first.
  const bool narrow = gemm.n <= pass_columns;
  p.row_block = round_to(divide_up(gemm.m, divide_up(gemm.m, block_rows)), thirds_side);
  p.column_block = lesser(round_to(gemm.n, thirds_side), pass_columns);
  auto all_units = [&] { return p.batches * divide_up(gemm.m, p.row_block) * divide_up(gemm.n, p.column_block); };
  while (all_units() < wanted && p.row_block * p.column_block > thirds_side * thirds_side) {
    const long enough_rows = narrow ? fewest_rows : block_rows, enough_columns = narrow ? thirds_side : fewest_columns;
    const bool rows_first = p.row_block > enough_rows || p.column_block <= enough_columns;
    long& side = rows_first && p.row_block > thirds_side ? p.row_block : p.column_block;
    side = round_to(side / 2, thirds_side);
  }
  p.row_units = divide_up(gemm.m, p.row_block);
  p.row_block = round_to(divide_up(gemm.m, p.row_units), thirds_side);
  p.row_units = divide_up(gemm.m, p.row_block);
  p.column_units = divide_up(gemm.n, p.column_block);
  p.pass_units = greater(1, lesser(p.column_units, pass_columns / p.column_block));
  p.a_matrices = matrices_of(p, p.a_strides);
  p.split_first = p.column_units > 1 && p.a_matrices * p.matrix_bytes() <= most_split_bytes;
  p.pack_units = divide_up(gemm.m, pack_lines);
  const long units = all_units(), all_pack_units = p.split_first ? p.a_matrices * p.pack_units : 0;
  p.flag_bytes = round_to(all_pack_units * 4, 64);
  set_units(plan, run<TILES>, p.split_first ? all_pack_units : units, work / 4);
  plan.neighbours = p.pass_units;
  long rows_bytes = 0;
  if (p.split_first) {
    plan.phases = 2;
    plan.units[1] = units;
    plan.shared_scratch_bytes = static_cast<size_t>(p.flag_bytes + p.a_matrices * p.matrix_bytes());
  } else {
    rows_bytes = p.row_block / tile_lines * lesser(sum_chunks, p.chunks) * chunk_bytes;
  }
  plan.worker_scratch_bytes = static_cast<size_t>(p.row_block * p.pass_units * p.column_block * 4 +
                                                  greater(2 * columns_bytes + rows_bytes, plain_scratch(p)));
}

const char* refuse_shape(const KernelProblem& problem) {
  if (problem.inputs[0].dtype != DType::float32) return "the inputs are not float32";
  if (!problem.program && problem.outputs[0].dtype != DType::float32) return "the result is not float32";
  return shape_of(problem).gemm.k == 0 ? "no terms" : nullptr;
}

#ifdef GM_HAS_BFLOAT16_UNITS
// Measured beside the packed kernels: by the terms that pass each split number, the length of a sum and all of the work.
const char* decline_small(const KernelProblem& problem) {
  const ProductShape p = shape_of(problem);
  const GemmProblem& gemm = p.gemm;
  const bool repays = gemm.m * gemm.n >= 40 * (gemm.m + gemm.n) && gemm.k >= 2 * tile_terms;
  return repays && multiplications(p) >= 4 << 20 ? nullptr : "too small to repay splitting the factors";
}
#endif

}  // namespace

void add_thirds_matmul(KernelList& list) {
#ifdef GM_HAS_BFLOAT16_UNITS
  static const Kernel tiles{float32_tiles, refuse_on_tiles<refuse_shape>, prepare<Tiles>, decline_small};
  add_kernel(list, &tiles);
#endif
  static const Kernel emulated{emulated_float32_tiles, refuse_shape, prepare<EmulatedTiles>, decline_emulation};
  add_kernel(list, &emulated);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
