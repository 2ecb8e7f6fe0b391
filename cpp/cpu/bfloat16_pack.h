#pragma once
// What products and convolutions on bfloat16 units share: factors as pairs of neighbouring terms of a sum (see
// bfloat16_units.h), walks over rows, and the proof that a unit computes what it should. Everything here has internal
// linkage.
#include "cpu/bfloat16_units.h"
#include "cpu/gemm_pack.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr long tile_rows = 2 * bfloat16_tile_rows;

static inline long round_to(long x, long y) { return (x + y - 1) / y * y; }

static inline void copy_elements(const BFloat16* from, uint16_t* to, long count) { __builtin_memcpy(to, from, count * 2); }
static inline void copy_elements(const float* from, uint16_t* to, long count) { narrow_row(from, reinterpret_cast<BFloat16*>(to), count); }

static inline uint32_t bfloat16_bits(BFloat16 x) { return x.bits; }
static inline uint32_t bfloat16_bits(float x) { return narrow_bfloat16(x); }

// A row of pairs from two lines that hold one term of the sum each: pair j is (line, line + step) at j. The second line may
// be missing.
template <class Element>
static inline void interleave(const Element* line, long step, bool has_second, long count, uint32_t* to) {
  const Element* second = line + step;
  if (has_second) {
    for (long j = 0; j < count; ++j) to[j] = bfloat16_bits(line[j]) | bfloat16_bits(second[j]) << 16;
  } else {
    for (long j = 0; j < count; ++j) to[j] = bfloat16_bits(line[j]);
  }
}

// to[j * stride + i] = from[i][j] for four rows of `count` pairs.
static inline void turn_four(const float (*from)[256], long count, float* to, long stride) {
  long j = 0;
  for (; j + 4 <= count; j += 4) transpose_square(from[0] + j, 256, to + j * stride, stride);
  for (; j < count; ++j)
    for (long i = 0; i < 4; ++i) __builtin_memcpy(to + j * stride + i, from[i] + j, 4);
}

// One panel of B: `cols` columns from `b` on, filled up with zeros, as the last terms of the sum are.
template <class Element>
static inline void pack_panel_of_pairs(const Element* b, const GemmProblem& gemm, long cols, long pairs, uint32_t* to) {
  const long k = gemm.k;
  __builtin_memset(to + k / 2 * bfloat16_columns, 0, (pairs - k / 2) * bfloat16_columns * 4);
  if (gemm.b_col == 1) {
    for (long p = 0; 2 * p < k; ++p) {
      uint32_t* row = to + p * bfloat16_columns;
      interleave(b + 2 * p * gemm.b_row, gemm.b_row, 2 * p + 1 < k, cols, row);
      for (long j = cols; j < bfloat16_columns; ++j) row[j] = 0;
    }
    return;
  }
  constexpr long most = 256;
  float lines[4][most];  // four columns, as pairs
  for (long j = 0; j < bfloat16_columns; j += 4) {
    for (long p = 0; 2 * p < k; p += most) {
      const long terms = k - 2 * p < 2 * most ? k - 2 * p : 2 * most, length = (terms + 1) / 2;
      for (long i = 0; i < 4; ++i) {
        uint16_t* line = reinterpret_cast<uint16_t*>(lines[i]);
        line[2 * length - 1] = 0;
        if (j + i < cols) copy_elements(b + (j + i) * gemm.b_col + 2 * p, line, terms);
        else __builtin_memset(line, 0, length * 4);
      }
      turn_four(lines, length, reinterpret_cast<float*>(to + p * bfloat16_columns + j), bfloat16_columns);
    }
  }
}

// The units. `rows` are there up to whole tiles.
template <class TILES>
struct ByTiles {
  TILES tiles;
  void begin() { tiles.begin(); }
  void end() { tiles.end(); }
  void run(Bfloat16Block block, long rows) {
    for (long i = 0; i < rows; i += tile_rows) {
      multiply_tiles(tiles, block);
      block.a += tile_rows * block.a_stride;
      block.c += tile_rows * block.c_stride;
    }
  }
};

template <class LANES>
struct ByPairs {
  void begin() {}
  void end() {}
  template <int R>
  static void run_rows(const Bfloat16Block& block, long rows) {
    if constexpr (R == 1) multiply_pairs<LANES, 1>(block);
    else if (rows == R) multiply_pairs<LANES, R>(block);
    else run_rows<R - 1>(block, rows);
  }
  void run(Bfloat16Block block, long rows) {
    const RowBlocks blocks = RowBlocks::of(rows, LANES::max_rows);
    for (long i = 0; i < blocks.tall + blocks.low; ++i) {
      const long height = i < blocks.tall ? blocks.height : blocks.height - 1;
      run_rows<LANES::max_rows>(block, height);
      block.a += height * block.a_stride;
      block.c += height * block.c_stride;
    }
  }
};

#ifdef GM_HAS_BFLOAT16_UNITS
// A unit is used only after it has computed a block as its emulation does, to rounding.
template <class Unit, class Emulation>
bool proves_itself() {
  constexpr long rows = tile_rows, pairs = 2 * bfloat16_tile_pairs;
  uint16_t a[rows * 2 * pairs];
  uint32_t b[pairs * bfloat16_columns];
  float c[2][rows * bfloat16_columns];
  uint32_t state = 1;
  auto draw = [&state] {  // of both signs, 1/2 to 4
    state = state * 1664525u + 1013904223u;
    return uint16_t((state >> 16 & 0x8000) | (0x3f00 + (state >> 20 & 0x17f)));
  };
  for (uint16_t& x : a) x = draw();
  for (uint32_t& x : b) x = draw() | uint32_t(draw()) << 16;
  for (float& x : c[0]) x = 1;
  for (float& x : c[1]) x = 1;
  Unit unit;
  Emulation emulation;
  unit.begin();
  unit.run({a, 2 * pairs, b, pairs, c[0], bfloat16_columns, true}, rows);
  unit.end();
  emulation.run({a, 2 * pairs, b, pairs, c[1], bfloat16_columns, true}, rows);
  for (long i = 0; i < rows * bfloat16_columns; ++i) {
    const float difference = c[0][i] - c[1][i];
    if (!(difference < 1e-2f && difference > -1e-2f)) return false;
  }
  return true;
}

template <class Unit, class Emulation>
const char* refuse_unit(bool (*present)(), const char* missing) {
  static int state = 0;  // found out once: 0 not yet, 1 usable, 2 not there, 3 wrong
  int found = __atomic_load_n(&state, __ATOMIC_ACQUIRE);
  if (found == 0) {
    found = !present() ? 2 : proves_itself<Unit, Emulation>() ? 1 : 3;
    __atomic_store_n(&state, found, __ATOMIC_RELEASE);
  }
  return found == 1 ? nullptr : found == 2 ? missing : "the processor's unit did not compute a known block";
}
#endif

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
