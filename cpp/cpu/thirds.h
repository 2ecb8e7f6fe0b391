#pragma once
// Products of float32 numbers on tiles of bfloat16 numbers (bfloat16_units.h). A float of 24 bits is the sum of three
// bfloat16 numbers of 8 bits each: its upper, middle and lower third. Six of the nine products of two such sums are added
// up; the other three are smaller than half a unit in the last place of the product, what float arithmetic rounds off too
// (Henry, Tang and Heinecke, "Leveraging the bfloat16 Artificial Intelligence Datatype for Higher-Precision Computations",
// ARITH 2019). The sums are float. Everything here has internal linkage.
#include "cpu/bfloat16_units.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr long tile_lines = bfloat16_tile_rows;    // rows of A, or columns of B
constexpr long thirds_side = 2 * tile_lines;       // of a block of results
constexpr long tile_terms = 2 * bfloat16_tile_pairs;
constexpr long tile_bytes = 64 * tile_lines;
constexpr long chunk_bytes = 3 * tile_bytes;       // all thirds of tile_lines x tile_terms numbers
constexpr long product_steps = 6;                  // of a product of two chunks

typedef uint32_t TileRow __attribute__((vector_size(64), may_alias));
typedef float TileFloats __attribute__((vector_size(64), may_alias));
typedef float UnalignedFloats __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint16_t TileHalves __attribute__((vector_size(64), may_alias));

// to[j * to_row + i] = from[i * from_row + j] of 16 x 16 numbers.
static inline void turn_square(const float* from, long from_row, float* to, long to_row) {
  TileFloats pairs[16], fours[16];
  for (int i = 0; i < 16; i += 2) {
    const TileFloats x = *reinterpret_cast<const UnalignedFloats*>(from + i * from_row);
    const TileFloats y = *reinterpret_cast<const UnalignedFloats*>(from + (i + 1) * from_row);
    pairs[i] = __builtin_shufflevector(x, y, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    pairs[i + 1] = __builtin_shufflevector(x, y, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  }
  for (int i = 0; i < 16; i += 4) {
    for (int half = 0; half < 2; ++half) {
      const TileFloats &x = pairs[i + half], &y = pairs[i + 2 + half];
      fours[i + 2 * half] = __builtin_shufflevector(x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
      fours[i + 2 * half + 1] = __builtin_shufflevector(x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
  }
  for (int i = 0; i < 4; ++i) {  // quarters of a row: those of column i + 4 * quarter
    TileFloats even[2], odd[2];
    for (int half = 0; half < 2; ++half) {
      const TileFloats &x = fours[8 * half + i], &y = fours[8 * half + 4 + i];
      even[half] = __builtin_shufflevector(x, y, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
      odd[half] = __builtin_shufflevector(x, y, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    }
    auto store = [&](int row, const TileFloats& x) { *reinterpret_cast<UnalignedFloats*>(to + row * to_row) = x; };
    store(i, __builtin_shufflevector(even[0], even[1], 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27));
    store(8 + i, __builtin_shufflevector(even[0], even[1], 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31));
    store(4 + i, __builtin_shufflevector(odd[0], odd[1], 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27));
    store(12 + i, __builtin_shufflevector(odd[0], odd[1], 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31));
  }
}

// Numbers of a matrix of lines and the terms of their sums: `line` and `term` are the distances between neighbours, one
// of which is 1.
struct Lines {
  const float* from;
  long line, term;
};

// The bits of the thirds of 16 numbers, each in the upper half of 32; the lower half of the last may hold anything.
GM_INLINE void split_thirds(const float* from, TileRow* thirds) {
  const TileFloats x = *reinterpret_cast<const UnalignedFloats*>(from);
  thirds[0] = ((TileRow)x + 0x8000u) & 0xffff0000u;
  const TileFloats rest = x - (TileFloats)thirds[0];
  thirds[1] = ((TileRow)rest + 0x8000u) & 0xffff0000u;
  thirds[2] = (TileRow)(rest - (TileFloats)thirds[1]);
}

// Whether all numbers that were split have thirds. Infinity, NaN and what rounds to infinity have not: the last is NaN.
struct ThirdsCheck {
  TileFloats sum = {};
  bool all_split() const {
    bool all = true;
    for (int j = 0; j < 16; ++j) all &= sum[j] == sum[j];
    return all;
  }
};

// The thirds of 16 pairs of numbers, x[i] and y[i], or with NEIGHBOURS of those of x, then those of y.
template <bool NEIGHBOURS>
GM_INLINE void pair_thirds(const float* x, const float* y, TileRow* pairs, TileFloats& sum) {
  TileRow a[3], b[3];
  split_thirds(x, a);
  split_thirds(y, b);
  for (int third = 0; third < 3; ++third) {
    if constexpr (NEIGHBOURS) {
      pairs[third] = (TileRow)__builtin_shufflevector(
          (TileHalves)a[third], (TileHalves)b[third], 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41,
          43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63);
    } else {
      pairs[third] = a[third] >> 16 | (b[third] & 0xffff0000u);
    }
  }
  sum += (TileFloats)a[2] + (TileFloats)b[2];
}

// Rows of 16 pairs, those of each third `third` bytes behind those of the one before. With NEIGHBOURS row i has the pairs
// from[i * row], from[i * row + 1]; from[i * row + 2], and so on, else the pairs from[i * row + j], from[i * row + second + j].
template <bool NEIGHBOURS>
GM_INLINE void split_rows(const float* from, long row, long second, long rows, char* to, long third, ThirdsCheck& check) {
  TileFloats sum = check.sum;
  for (long i = 0; i < rows; ++i, from += row, to += sizeof(TileRow)) {
    TileRow pairs[3];
    pair_thirds<NEIGHBOURS>(from, from + (NEIGHBOURS ? 16 : second), pairs, sum);
    for (int j = 0; j < 3; ++j) *reinterpret_cast<TileRow*>(to + j * third) = pairs[j];
  }
  check.sum = sum;
}

// The three tiles of one chunk: rows of lines that hold pairs of terms, as A wants them, or with `turned` rows of pairs
// that hold lines, as B does. What is not there is zero; so many `lines` and `terms` are, or more than a chunk takes.
static inline void pack_chunk(const Lines& source, long lines, long terms, bool turned, char* to, ThirdsCheck& check) {
  if (lines <= 0) {
    __builtin_memset(to, 0, chunk_bytes);
    return;
  }
  if (lines > tile_lines) lines = tile_lines;
  if (terms > tile_terms) terms = tile_terms;
  alignas(64) float padded[tile_lines * tile_terms];
  Lines all = source;
  if (lines < tile_lines || terms < tile_terms) {
    __builtin_memset(padded, 0, sizeof padded);
    const bool by_line = source.term == 1;
    all = {padded, by_line ? tile_terms : 1, by_line ? 1 : tile_lines};
    for (long i = 0; i < lines; ++i)
      for (long p = 0; p < terms; ++p) padded[i * all.line + p * all.term] = source.from[i * source.line + p * source.term];
  }
  const bool by_line = all.term == 1;
  alignas(64) float other[tile_lines * tile_terms];
  if (by_line == turned) {
    for (long half = 0; half < 2; ++half) {
      const float* const from = all.from + half * 16 * all.term;
      if (turned) turn_square(from, all.line, other + half * 16 * tile_lines, tile_lines);
      else turn_square(from, all.term, other + half * 16, tile_terms);
    }
    all = {other, turned ? 1 : tile_terms, turned ? tile_lines : 1};
  }
  if (turned) split_rows<false>(all.from, 2 * all.term, all.term, tile_lines, to, tile_bytes, check);
  else split_rows<true>(all.from, all.line, 0, tile_lines, to, tile_bytes, check);
}

// 32 columns of `chunks` chunks that are split piece by piece, while the tiles multiply other ones: vectors have little to do
// then. All lines and terms are there.
struct NextColumns {
  ThirdsCheck check;
  long left = 0;  // pieces

  void begin(const Lines& source, long chunks, char* to) {
    lines_ = at_ = source;
    chunks_ = chunks;
    to_ = to;
    chunk_ = 0;
    first_piece_ = piece_ = source.term == 1 ? -2 : 0;
    left = 2 * chunks * (tile_pieces - first_piece_);
  }
  GM_INLINE void go_on(long pieces) {
    for (; pieces > 0 && left > 0; --pieces, --left) split_piece();
  }
  void finish() { go_on(left); }

 private:
  static constexpr long tile_pieces = tile_terms / 2;  // pairs of terms
  Lines lines_{}, at_{};
  char* to_ = nullptr;
  long chunks_ = 0, chunk_ = 0, piece_ = 0, first_piece_ = 0;
  alignas(64) float turned_[tile_lines * tile_terms];

  GM_INLINE void split_piece() {
    if (piece_ < 0) {  // half of a chunk is turned first
      const long term = (piece_ + 2) * 16;
      turn_square(at_.from + term, at_.line, turned_ + term * tile_lines, tile_lines);
      ++piece_;
      return;
    }
    const bool by_line = first_piece_ < 0;
    const long second = by_line ? tile_lines : at_.term;
    const float* const from = by_line ? turned_ + 2 * piece_ * tile_lines : at_.from + 2 * piece_ * at_.term;
    TileRow pairs[3];
    pair_thirds<false>(from, from + second, pairs, check.sum);
    for (int i = 0; i < 3; ++i) *reinterpret_cast<TileRow*>(to_ + i * tile_bytes + piece_ * 64) = pairs[i];
    if (++piece_ < tile_pieces) return;
    piece_ = first_piece_;
    to_ += chunk_bytes;
    at_.from += tile_terms * at_.term;
    if (++chunk_ == chunks_) at_.from = lines_.from + tile_lines * lines_.line;
  }
};

// Lines of memory that are read soon, `step` numbers apart: `count` of them are asked for in each step of a product, as
// many requests at once would keep the tiles from what they load.
struct Soon {
  const float* at = nullptr;
  long step = 0, count = 0;
};

// Of `all` lines a part in one piece.
struct Part {
  long index, of;
  long first(long all) const { return all * index / of; }
  long a_step(long all, long chunks) const { return (all / of + product_steps * chunks - 1) / (product_steps * chunks); }
};

// Of what pack_chunk reads of 32 lines of `chunks` chunks.
static inline Soon soon_read(const Lines& source, long chunks, const Part& part) {
  constexpr long side = thirds_side, line = 16;  // numbers of a line of memory
  const bool by_line = source.term == 1;
  const long high = by_line ? side : chunks * tile_terms, all = side * chunks * tile_terms / line, first = part.first(all);
  const long step = by_line ? source.line : source.term;
  return {source.from + first / high * line + first % high * step, step, part.a_step(all, chunks)};
}

// Of `chunks` chunks of two tiles of split lines.
static inline Soon soon_multiplied(const char* tile, long tile_distance, long chunks, const Part& part) {
  const long high = chunks * chunk_bytes / 64, first = part.first(2 * high);
  const char* const at = tile + first / high * tile_distance + first % high * 64;
  return {reinterpret_cast<const float*>(at), 16, part.a_step(2 * high, chunks)};
}

// Where the tiles of A lie: bytes from row to row, to the 16 rows below and from third to third, and to a chunk from what stands
// there. These follow each other, as pack_chunk makes them.
struct ChunkPlaces {
  long lower;
  static constexpr long row = 64, third = tile_bytes;
  long chunk(long index) const { return index * chunk_bytes; }
};

// These lie anywhere.
struct TilePlaces {
  const long* chunks;
  long row, lower, third;
  long chunk(long index) const { return chunks[index]; }
};

// A block of 32 x 32 results. Chunks of B lie one behind the other.
template <class Places>
struct ThirdsBlock {
  const char* a;
  Places places;
  const char* b;
  long b_right;   // bytes to the 16 columns beside
  long chunks;
  float* c;
  long c_stride;  // in elements
  bool accumulate;
  Soon soon[2] = {};
  NextColumns* next = nullptr;
  long pieces = 0;  // of the next columns that are split in each step
};

// Tiles 4 and 5 get a third of 32 rows, 6 and 7 of 32 columns.
template <int THIRD, class TILES, class Places>
GM_INLINE void load_rows(TILES& tiles, const char* a, const Places& places) {
  tiles.template load<4>(a + THIRD * places.third, places.row);
  tiles.template load<5>(a + THIRD * places.third + places.lower, places.row);
}
template <int THIRD, class TILES>
GM_INLINE void load_columns(TILES& tiles, const char* b, long right) {
  tiles.template load<6>(b + THIRD * tile_bytes, 64);
  tiles.template load<7>(b + THIRD * tile_bytes + right, 64);
}

// Sums that wait to be added to results that are there already. Sums of sums round less than one long sum, and vectors add
// them while the tiles work on what comes next.
struct WaitingSums {
  alignas(64) float sums[thirds_side * thirds_side];
  float* c = nullptr;
  long c_stride = 0, row = 0;

  GM_INLINE void add(long rows) {
    if (!c) return;
    for (const long last = row + rows < thirds_side ? row + rows : thirds_side; row < last; ++row)
      for (long j = 0; j < thirds_side; ++j) c[row * c_stride + j] += sums[row * thirds_side + j];
    if (row == thirds_side) c = nullptr;
  }
  void add() { add(thirds_side); }
  void wait(float* to, long stride) {
    c = to;
    c_stride = stride;
    row = 0;
  }
};

// One step of a product, and what vectors do meanwhile.
template <class TILES, class Places>
GM_INLINE void add_products(TILES& tiles, const ThirdsBlock<Places>& block, Soon* soon, WaitingSums& waiting, long rows) {
  for (int i = 0; i < 2; ++i)
    for (long j = 0; j < soon[i].count; ++j, soon[i].at += soon[i].step) __builtin_prefetch(soon[i].at, 0, 2);
  tiles.template dot<0, 4, 6>();
  tiles.template dot<1, 4, 7>();
  tiles.template dot<2, 5, 6>();
  tiles.template dot<3, 5, 7>();
  if (block.next) block.next->go_on(block.pieces);
  waiting.add(rows);
}

// At most so many chunks make a sum: the split columns of two sums stay in L1. A Granite Rapids also takes 300 ns more for the
// first store of a tile behind more than 128 products of tiles than behind as many or fewer; these are 72.
constexpr long sum_chunks = 3;
constexpr long columns_bytes = sum_chunks * 2 * chunk_bytes;  // of 32 split columns

// What is to be added to c waits, see WaitingSums.
template <class TILES, class Places>
static inline void multiply_thirds(TILES& tiles, const ThirdsBlock<Places>& block, WaitingSums& waiting) {
  float* const to = block.accumulate ? waiting.sums : block.c;
  const long stride = block.accumulate ? thirds_side : block.c_stride, bytes = stride * 4;
  tiles.template zero<0>();
  tiles.template zero<1>();
  tiles.template zero<2>();
  tiles.template zero<3>();
  const char* b = block.b;
  Soon soon[2] = {block.soon[0], block.soon[1]};
  for (long chunk = 0; chunk < block.chunks; ++chunk, b += chunk_bytes) {
    const char* const a = block.a + block.places.chunk(chunk);
    const long rows = chunk > 0 ? 2 : 0;  // of the waiting sums, which have just been stored
    load_rows<0>(tiles, a, block.places);  // each step changes one factor
    load_columns<2>(tiles, b, block.b_right);
    add_products(tiles, block, soon, waiting, rows);
    load_columns<0>(tiles, b, block.b_right);
    add_products(tiles, block, soon, waiting, rows);
    load_rows<2>(tiles, a, block.places);
    add_products(tiles, block, soon, waiting, rows);
    load_rows<1>(tiles, a, block.places);
    add_products(tiles, block, soon, waiting, rows);
    load_columns<1>(tiles, b, block.b_right);
    add_products(tiles, block, soon, waiting, rows);
    load_rows<0>(tiles, a, block.places);
    add_products(tiles, block, soon, waiting, rows);
  }
  waiting.add();
  tiles.template store<0>(to, bytes);
  tiles.template store<1>(to + tile_lines, bytes);
  tiles.template store<2>(to + tile_lines * stride, bytes);
  tiles.template store<3>(to + tile_lines * stride + tile_lines, bytes);
  if (block.accumulate) waiting.wait(block.c, block.c_stride);
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
