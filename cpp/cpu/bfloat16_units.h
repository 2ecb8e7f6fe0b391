#pragma once
// Blocks of a product of bfloat16 matrices on units that add two products of a sum at a time: AMX (tiles) and
// AVX512-BF16 (pairs). Each block is one text for the unit and for its emulation in plain C++, which tests run on any
// processor and against which a unit proves itself before it is used. Everything here has internal linkage.
//
// Pairs are two neighbouring terms of the sum in 32 bits. A lies in rows of pairs; B in panels of bfloat16_columns
// columns, for each pair of the sum one row with the pairs of all columns. The results are float.
#include "cpu/simd/half_lanes.h"

#if defined(__AVX512F__) && defined(__x86_64__)
#define GM_HAS_BFLOAT16_UNITS
#endif

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int bfloat16_columns = 32;    // of a panel: two tiles, or two vectors
constexpr int bfloat16_tile_rows = 16;
constexpr int bfloat16_tile_pairs = 16;

// One block of C under one panel: rows of A `a_stride` elements apart, `pairs` terms / 2 of the sum. Tiles take sums in
// pieces, too: rows of A then begin anew at each of `pieces` offsets, for `pairs` each, while B goes on.
struct Bfloat16Block {
  const uint16_t* a;
  long a_stride;
  const uint32_t* b;
  long pairs;
  float* c;
  long c_stride;
  bool accumulate;
  const long* offsets = nullptr;  // in elements
  long pieces = 1;
};

static inline float dot_pair(float sum, uint32_t x, uint32_t y) {
  sum += lane_float(x << 16) * lane_float(y << 16);
  return sum + lane_float(x & 0xffff0000u) * lane_float(y & 0xffff0000u);
}

// Eight tiles of 16 rows of 64 bytes.
struct EmulatedTiles {
  uint32_t tiles[8][bfloat16_tile_rows][16];

  void begin() {}
  void end() {}
  template <int T> void zero() { __builtin_memset(tiles[T], 0, sizeof tiles[T]); }
  template <int T> void load(const void* from, long stride_bytes) {
    for (int i = 0; i < bfloat16_tile_rows; ++i) __builtin_memcpy(tiles[T][i], static_cast<const char*>(from) + i * stride_bytes, 64);
  }
  template <int T> void store(void* to, long stride_bytes) {
    for (int i = 0; i < bfloat16_tile_rows; ++i) __builtin_memcpy(static_cast<char*>(to) + i * stride_bytes, tiles[T][i], 64);
  }
  // The first and the second numbers of all pairs are summed each for itself, then added to what is there.
  template <int C, int A, int B> void dot() {
    for (int i = 0; i < bfloat16_tile_rows; ++i) {
      float first[16] = {}, second[16] = {};
      for (int p = 0; p < bfloat16_tile_pairs; ++p) {
        for (int j = 0; j < 16; ++j) {
          first[j] += lane_float(tiles[A][i][p] << 16) * lane_float(tiles[B][p][j] << 16);
          second[j] += lane_float(tiles[A][i][p] & 0xffff0000u) * lane_float(tiles[B][p][j] & 0xffff0000u);
        }
      }
      for (int j = 0; j < 16; ++j) tiles[C][i][j] = lane_bits(lane_float(tiles[C][i][j]) + (first[j] + second[j]));
    }
  }
};

// 16 lanes of float.
struct EmulatedLanes {
  static constexpr int max_rows = 3;
  float lanes[16];

  GM_INLINE static EmulatedLanes zero() { return EmulatedLanes{}; }
  GM_INLINE static EmulatedLanes load(const float* from) {
    EmulatedLanes result;
    __builtin_memcpy(result.lanes, from, sizeof result.lanes);
    return result;
  }
  GM_INLINE void store(float* to) const { __builtin_memcpy(to, lanes, sizeof lanes); }
  GM_INLINE void dot(const EmulatedLanes& pairs, const uint16_t* pair) {
    uint32_t factor;
    __builtin_memcpy(&factor, pair, sizeof factor);
    for (int j = 0; j < 16; ++j) lanes[j] = dot_pair(lanes[j], factor, lane_bits(pairs.lanes[j]));
  }
};

#ifdef GM_HAS_BFLOAT16_UNITS
// The instructions are written out: they are no part of the level that this file is compiled for.
struct Tiles {
  void begin() {
    struct {
      uint8_t palette = 1, start_row = 0, reserved[14] = {};
      uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } shapes;
    static_assert(sizeof shapes == 64, "as ldtilecfg reads it");
    asm volatile("ldtilecfg %0" ::"m"(shapes));
  }
  void end() { asm volatile("tilerelease"); }
  template <int T> void zero() { asm volatile("tilezero %%tmm%c0" ::"i"(T)); }
  template <int T> void load(const void* from, long stride_bytes) {
    asm volatile("tileloadd (%1,%2,1), %%tmm%c0" ::"i"(T), "r"(from), "r"(stride_bytes) : "memory");
  }
  template <int T> void store(void* to, long stride_bytes) {
    asm volatile("tilestored %%tmm%c0, (%1,%2,1)" ::"i"(T), "r"(to), "r"(stride_bytes) : "memory");
  }
  template <int C, int A, int B> void dot() { asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B)); }
};

struct Lanes {
  static constexpr int max_rows = 14;  // 14 x 2 sums, 2 rows of pairs, 1 broadcast, of 32 registers
  __m512 lanes;

  GM_INLINE static Lanes zero() { return {_mm512_setzero_ps()}; }
  GM_INLINE static Lanes load(const float* from) { return {_mm512_loadu_ps(from)}; }
  GM_INLINE void store(float* to) const { _mm512_storeu_ps(to, lanes); }
  GM_INLINE void dot(const Lanes& pairs, const uint16_t* pair) {
    uint32_t factor;
    __builtin_memcpy(&factor, pair, sizeof factor);
    const __m512i factors = _mm512_set1_epi32(static_cast<int>(factor));
    asm("vdpbf16ps %2, %1, %0" : "+v"(lanes) : "v"(factors), "v"(pairs.lanes));
  }
};
#endif

// 32 rows of C; all of A, B and C is there, up to whole tiles.
template <class TILES>
static inline void multiply_tiles(TILES& tiles, const Bfloat16Block& block) {
  const long a_bytes = block.a_stride * 2, c_bytes = block.c_stride * 4, b_bytes = bfloat16_columns * 4;
  float* const lower = block.c + bfloat16_tile_rows * block.c_stride;
  if (block.accumulate) {
    tiles.template load<0>(block.c, c_bytes);
    tiles.template load<1>(block.c + 16, c_bytes);
    tiles.template load<2>(lower, c_bytes);
    tiles.template load<3>(lower + 16, c_bytes);
  } else {
    tiles.template zero<0>();
    tiles.template zero<1>();
    tiles.template zero<2>();
    tiles.template zero<3>();
  }
  const uint32_t* b = block.b;
  for (long piece = 0; piece < block.pieces; ++piece) {
    const uint16_t* a = block.a + (block.offsets ? block.offsets[piece] : 0);
    for (long p = 0; p < block.pairs; p += bfloat16_tile_pairs) {
      tiles.template load<4>(a, a_bytes);
      tiles.template load<6>(b, b_bytes);
      tiles.template load<7>(b + 16, b_bytes);
      tiles.template load<5>(a + bfloat16_tile_rows * block.a_stride, a_bytes);
      tiles.template dot<0, 4, 6>();
      tiles.template dot<1, 4, 7>();
      tiles.template dot<2, 5, 6>();
      tiles.template dot<3, 5, 7>();
      a += 2 * bfloat16_tile_pairs;
      b += bfloat16_tile_pairs * bfloat16_columns;
    }
  }
  tiles.template store<0>(block.c, c_bytes);
  tiles.template store<1>(block.c + 16, c_bytes);
  tiles.template store<2>(lower, c_bytes);
  tiles.template store<3>(lower + 16, c_bytes);
}

// R rows of C.
template <class LANES, int R>
static inline void multiply_pairs(const Bfloat16Block& block) {
  LANES sums[R][2];
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v)
      sums[i][v] = block.accumulate ? LANES::load(block.c + i * block.c_stride + v * 16) : LANES::zero();
  const uint16_t* a = block.a;
  const float* b = reinterpret_cast<const float*>(block.b);
  for (long p = 0; p < block.pairs; ++p, a += 2, b += bfloat16_columns) {
    const LANES row[2] = {LANES::load(b), LANES::load(b + 16)};
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < 2; ++v) sums[i][v].dot(row[v], a + i * block.a_stride);
  }
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) sums[i][v].store(block.c + i * block.c_stride + v * 16);
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
