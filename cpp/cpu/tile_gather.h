#pragma once
// Brings a tile of a broadcast or transposed operand together in row-major order of the output.
#include <cstdint>

#include "math/scalar_math.h"
#include "math/tile_program.h"

namespace gradmill::GM_ISA_NAMESPACE {

// Writes may run up to this many bytes past the tile; its buffer has room for that.
constexpr int tile_padding_bytes = 64;

// One row, in blocks of 8 elements that overlap what follows.
template <class T> GM_INLINE void gather_row(T* to, const T* from, int64_t stride, int64_t count) {
  if (stride == 0) {
    const T value = *from;
    T block[8];
    for (int i = 0; i < 8; ++i) block[i] = value;
    for (int64_t i = 0; i < count; i += 8) __builtin_memcpy(to + i, block, sizeof block);
  } else if (stride == 1) {
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) __builtin_memcpy(to + i, from + i, 8 * sizeof(T));
    for (; i < count; ++i) to[i] = from[i];
  } else {
    for (int64_t i = 0; i < count; ++i) to[i] = from[i * stride];
  }
}

// Elements [start, start + count) of the output, taken from `base` by the operand's strides.
template <class T>
void gather_tile(T* to, const T* base, const TileProgram& program, const TileOperand& operand, int64_t start,
                 int64_t count) {
  const int last = program.rank - 1;
  int64_t coordinate[max_tile_rank];
  int64_t offset = 0, index = start;
  for (int d = last; d >= 0; --d) {
    coordinate[d] = d > 0 ? index % program.dims[d] : index;
    index = d > 0 ? index / program.dims[d] : 0;
    offset += coordinate[d] * operand.strides[d];
  }
  const int64_t stride = operand.strides[last], inner = program.dims[last];
  for (int64_t done = 0;;) {
    const int64_t left = inner - coordinate[last], row = count - done < left ? count - done : left;
    gather_row(to + done, base + offset, stride, row);
    done += row;
    if (done == count) return;
    // To the start of the next row.
    offset -= coordinate[last] * stride;
    coordinate[last] = 0;
    for (int d = last - 1; d >= 0; --d) {
      offset += operand.strides[d];
      if (++coordinate[d] < program.dims[d]) break;
      offset -= coordinate[d] * operand.strides[d];
      coordinate[d] = 0;
    }
  }
}

}  // namespace gradmill::GM_ISA_NAMESPACE
