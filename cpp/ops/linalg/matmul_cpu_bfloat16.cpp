// Products of bfloat16 matrices on units that multiply pairs of them (cpu/bfloat16_units.h): AMX, AVX512-BF16. First B is
// packed as panels of pairs, then workers share out blocks of rows, which read A where it lies if it lies in rows.
#include "cpu/axis_split.h"
#include "ops/bfloat16_tiles_kernel.h"
#include "ops/linalg/matmul_cpu_blocks.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr long unit_rows = 128;           // of A: 128 KB for a block of the sum, in L2 while the panels pass
constexpr long chunk_columns = 256;       // of C, 128 KB, that are computed before the epilogue gets them
constexpr long pairs_block = 256;         // of the sum: a panel of 32 KB stays in L1 while the rows pass
constexpr long fewest_units = 32;
constexpr long smallest_sum = 32, smallest_columns = 16, smallest_rows = 8;

struct Parameters : ProductShape {
  long pairs;            // of a sum, up to whole tiles
  long panels;           // of one packed B
  long packed_batches;   // 1 where all products share B
  long row_units, col_units, unit_panels;  // of one product
  long a_stride;         // between packed rows of A, in elements
  bool a_in_place;
};

// Rows of A as rows of pairs, filled up with zeros to whole tiles in both directions.
void pack_rows_of_pairs(const BFloat16* a, const GemmProblem& gemm, long rows, const Parameters& p, uint16_t* to) {
  const long k = gemm.k, padded = round_to(rows, tile_rows);
  if (gemm.a_col == 1) {
    for (long i = 0; i < rows; ++i) {
      copy_elements(a + i * gemm.a_row, to + i * p.a_stride, k);
      __builtin_memset(to + i * p.a_stride + k, 0, (2 * p.pairs - k) * 2);
    }
  } else {
    uint32_t lines[4][256];  // four pairs of lines of A
    for (long q = 0; q < p.pairs; q += 4) {
      for (long i = 0; i < 4; ++i) {
        const long term = 2 * (q + i);
        if (term < k) interleave(a + term * gemm.a_col, gemm.a_col, term + 1 < k, rows, lines[i]);
        else __builtin_memset(lines[i], 0, rows * 4);
      }
      turn_four(reinterpret_cast<const float(*)[256]>(lines), rows, reinterpret_cast<float*>(to + 2 * q), p.a_stride / 2);
    }
  }
  for (long i = rows; i < padded; ++i) __builtin_memset(to + i * p.a_stride, 0, p.pairs * 4);
}

template <class Right>
void pack_b(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const long batch = unit / p.panels, col = unit % p.panels * bfloat16_columns;
    const Right* b = static_cast<const Right*>(call.buffers[1]) + factors_of(p, batch).b + col * p.gemm.b_col;
    const long cols = p.gemm.n - col < bfloat16_columns ? p.gemm.n - col : bfloat16_columns;
    uint32_t* to = reinterpret_cast<uint32_t*>(call.shared_scratch) + unit * p.pairs * bfloat16_columns;
    pack_panel_of_pairs(b, p.gemm, cols, p.pairs, to);
  }
}

// Rows [row, row + rows) of one product under its panels [first, last).
template <class Unit>
void multiply_rows(Unit& unit, const Parameters& p, const uint16_t* a, long a_stride, const uint32_t* b, long row, long rows,
                   long first, long last, float* tile, const GemmEpilogue& epilogue) {
  constexpr long chunk = chunk_columns / bfloat16_columns;
  for (long begin = first; begin < last; begin += chunk) {
    const long end = begin + chunk < last ? begin + chunk : last, width = (end - begin) * bfloat16_columns;
    for (long q = 0; q < p.pairs; q += pairs_block) {
      const long pairs = p.pairs - q < pairs_block ? p.pairs - q : pairs_block;
      for (long panel = begin; panel < end; ++panel) {
        const uint32_t* from = b + (panel * p.pairs + q) * bfloat16_columns;
        unit.run({a + 2 * q, a_stride, from, pairs, tile + (panel - begin) * bfloat16_columns, width, q > 0}, rows);
      }
    }
    const long col = begin * bfloat16_columns, left = p.gemm.n - col;
    epilogue.run(epilogue.context, tile, width, row, rows, col, left < width ? left : width);
  }
}

template <class Unit, class Right>
void run(const KernelCall& call) {
  if (call.phase == 0) return pack_b<Right>(call);
  const Parameters& p = parameters_of<Parameters>(call);
  EpilogueContext context = epilogue_context(p, call, 4);
  const GemmEpilogue epilogue{p.program ? run_epilogue : p.direct ? narrow_block<float> : narrow_block<BFloat16>, &context};
  float* const tile = reinterpret_cast<float*>(call.worker_scratch);
  uint16_t* const packed = reinterpret_cast<uint16_t*>(tile + unit_rows * chunk_columns);
  Unit unit;
  unit.begin();
  for (int64_t i = call.begin; i < call.end; ++i) {
    const long col_unit = i % p.col_units, row_unit = i / p.col_units % p.row_units, batch = i / p.col_units / p.row_units;
    const long row = row_unit * unit_rows, rows = p.gemm.m - row < unit_rows ? p.gemm.m - row : unit_rows;
    const BFloat16* a = static_cast<const BFloat16*>(call.buffers[0]) + factors_of(p, batch).a + row * p.gemm.a_row;
    const bool in_place = p.a_in_place && rows % tile_rows == 0;
    if (!in_place) pack_rows_of_pairs(a, p.gemm, rows, p, packed);
    const uint32_t* b = reinterpret_cast<const uint32_t*>(call.shared_scratch) +
                        (p.packed_batches > 1 ? batch : 0) * p.panels * p.pairs * bfloat16_columns;
    const long first = col_unit * p.unit_panels, last = first + p.unit_panels;
    context.first = batch * p.gemm.m * p.gemm.n;
    multiply_rows(unit, p, in_place ? &a->bits : packed, in_place ? p.gemm.a_row : p.a_stride, b, row, rows, first,
                  last < p.panels ? last : p.panels, tile, epilogue);
  }
  unit.end();
}

template <class Unit>
void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  static_cast<ProductShape&>(p) = shape_of(problem);
  const GemmProblem& gemm = p.gemm;
  p.pairs = round_to(divide_up(gemm.k, 2), bfloat16_tile_pairs);
  p.panels = divide_up(gemm.n, bfloat16_columns);
  p.packed_batches = matrices_of(p, p.b_strides);
  p.row_units = divide_up(gemm.m, unit_rows);
  const long wanted = divide_up(fewest_units, p.row_units * p.batches), columns = wanted < p.panels ? wanted : p.panels;
  p.unit_panels = divide_up(p.panels, columns);
  p.col_units = divide_up(p.panels, p.unit_panels);
  p.a_stride = packed_rows_stride<float>(p.pairs) * 2;
  p.a_in_place = gemm.a_col == 1 && gemm.k == 2 * p.pairs;
  const bool rounds = problem.inputs[1].dtype == DType::float32;
  const double work = multiplications(p) / 16;
  set_units(plan, rounds ? run<Unit, float> : run<Unit, BFloat16>, p.packed_batches * p.panels, work);
  plan.phases = 2;
  plan.units[1] = p.batches * p.row_units * p.col_units;
  plan.shared_scratch_bytes = static_cast<size_t>(p.packed_batches * p.panels * p.pairs * bfloat16_columns * 4);
  plan.worker_scratch_bytes = static_cast<size_t>(unit_rows * chunk_columns * 4 + unit_rows * p.a_stride * 2);
}

const char* refuse_shape(const KernelProblem& problem) {
  if (problem.inputs[0].dtype != DType::bfloat16) return "the inputs are not bfloat16";
  const ProductShape p = shape_of(problem);
  if (p.gemm.k < smallest_sum || p.gemm.n < smallest_columns || p.gemm.m < smallest_rows) return "too small to gain";
  return nullptr;
}

#ifdef GM_HAS_BFLOAT16_UNITS
constexpr long fewest_rows = 48;  // that repay packing all of B: with 16, VGG16's first dense layer took six times as long

const char* decline_few_rows(const KernelProblem& problem) {
  return shape_of(problem).gemm.m < fewest_rows ? "few rows, for which packing costs more than it gains" : nullptr;
}

// Fewest cycles of some runs.
template <class Body>
uint64_t cycles_of(const Body& body) {
  uint64_t fewest = UINT64_MAX;
  for (int run = 0; run < 9; ++run) {
    const uint64_t start = __builtin_ia32_rdtsc();
    for (int i = 0; i < 10; ++i) body();
    const uint64_t taken = __builtin_ia32_rdtsc() - start;
    if (taken < fewest) fewest = taken;
  }
  return fewest;
}

// Some processors multiply and add pairs in half the time of as many float32s, others take longer: a Granite Rapids 1.4
// times as long for DistilBERT's step. Nothing tells but a clock, so one block is timed both ways, once.
bool pairs_repay() {
  constexpr long rows = Lanes::max_rows, terms = 128;
  static_assert(rows == max_rows && bfloat16_columns == panel_vectors * Vectors<float>::lanes, "blocks of one size");
  alignas(64) float a[rows * terms] = {}, b[terms * bfloat16_columns] = {}, c[rows * bfloat16_columns] = {};
  const Bfloat16Block block{reinterpret_cast<const uint16_t*>(a), terms, reinterpret_cast<const uint32_t*>(b), terms / 2, c,
                            bfloat16_columns, true};
  const Strip<float> strip{a, terms, 0, b, bfloat16_columns, nullptr, c, bfloat16_columns, terms, 1, bfloat16_columns, true, nullptr};
  const uint64_t in_pairs = cycles_of([&] { multiply_pairs<Lanes, rows>(block); });
  const uint64_t in_float = cycles_of([&] { run_strip<float, rows, panel_vectors, AForm::rows, void>(strip); });
  return 5 * in_pairs < 4 * in_float;
}

const char* decline_pairs(const KernelProblem& problem) {
  static int state = 0;  // 0 not timed yet, 1 quick, 2 slow
  int found = __atomic_load_n(&state, __ATOMIC_RELAXED);
  if (found == 0) {
    found = pairs_repay() ? 1 : 2;
    __atomic_store_n(&state, found, __ATOMIC_RELAXED);
  }
  return found == 1 ? decline_few_rows(problem) : "this processor multiplies float32 about as quickly";
}

const char* refuse_pairs(const KernelProblem& problem) {
  if (const char* reason = refuse_shape(problem)) return reason;
  return refuse_unit<ByPairs<Lanes>, ByPairs<EmulatedLanes>>(cpu_has_bfloat16_pairs, "no AVX512-BF16");
}
#endif

}  // namespace

void add_bfloat16_matmul(KernelList& list) {
#ifdef GM_HAS_BFLOAT16_UNITS
  static const Kernel tiles{bfloat16_tiles, refuse_on_tiles<refuse_shape>, prepare<ByTiles<Tiles>>, decline_few_rows};
  static const Kernel pairs{"bfloat16 pairs", refuse_pairs, prepare<ByPairs<Lanes>>, decline_pairs};
  add_kernel(list, &tiles);
  add_kernel(list, &pairs);
#endif
  static const Kernel tiles_emulated{emulated_tiles, refuse_shape, prepare<ByTiles<EmulatedTiles>>, decline_emulation};
  static const Kernel pairs_emulated{"bfloat16 pairs, emulated", refuse_shape, prepare<ByPairs<EmulatedLanes>>, decline_emulation};
  add_kernel(list, &tiles_emulated);
  add_kernel(list, &pairs_emulated);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
