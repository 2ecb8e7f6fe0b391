#pragma once
// Copies between two blocks of memory whose axes have any strides: transposition, slicing, and what is made of them.
//
// Axes that both sides walk alike are merged first. What is left is cut into tiles over two axes: the last one, and
// either the axis that is dense in the source (a transposition, done in square blocks so that both sides use whole
// cache lines) or simply the last but one.
#include "cpu/axis_split.h"
#include "cpu/odometer.h"

namespace gradmill::GM_ISA_NAMESPACE {

constexpr int copy_max_rank = 8;

enum class CopyTile : int { rows, transposed, strided };

struct StridedCopy {
  int rank;  // of the outer axes, which number the groups of tiles
  int64_t dims[copy_max_rank], from_strides[copy_max_rank], to_strides[copy_max_rank];
  int64_t from_offset, to_offset;  // of the first element; all strides and offsets count elements
  CopyTile mode;
  int64_t rows, row_from, row_to;           // the first axis of a tile
  int64_t columns, column_from, column_to;  // the second
  int64_t tile_rows, tile_columns;          // sizes of a whole tile
  int64_t tiles_down, tiles_across;         // tiles over rows and columns
  int64_t tiles, tiles_per_unit, units;
};

// Drops axes of size one and merges neighbours that both sides walk as one.
static inline void merge_axes(StridedCopy& copy) {
  int kept = 0;
  for (int i = 0; i < copy.rank; ++i) {
    if (copy.dims[i] == 1) continue;
    if (kept > 0 && copy.from_strides[kept - 1] == copy.dims[i] * copy.from_strides[i] &&
        copy.to_strides[kept - 1] == copy.dims[i] * copy.to_strides[i]) {
      --kept;
      copy.dims[kept] *= copy.dims[i];
    } else {
      copy.dims[kept] = copy.dims[i];
    }
    copy.from_strides[kept] = copy.from_strides[i];
    copy.to_strides[kept] = copy.to_strides[i];
    ++kept;
  }
  copy.rank = kept;
}

static inline void take_axis(StridedCopy& copy, int axis, int64_t& size, int64_t& from, int64_t& to) {
  size = 1, from = 0, to = 0;
  if (axis < 0) return;
  size = copy.dims[axis], from = copy.from_strides[axis], to = copy.to_strides[axis];
  for (int i = axis; i + 1 < copy.rank; ++i) {
    copy.dims[i] = copy.dims[i + 1];
    copy.from_strides[i] = copy.from_strides[i + 1];
    copy.to_strides[i] = copy.to_strides[i + 1];
  }
  --copy.rank;
}

// Chooses tiles and units. On entry rank, dims, strides and offsets describe the copy; no axis is empty.
static inline void plan_copy(StridedCopy& copy) {
  constexpr int64_t unit_elements = 16384;
  merge_axes(copy);
  take_axis(copy, copy.rank - 1, copy.columns, copy.column_from, copy.column_to);
  if (copy.columns == 1) copy.column_from = copy.column_to = 1;
  int row_axis = copy.rank - 1;
  copy.mode = copy.column_from == 1 && copy.column_to == 1 ? CopyTile::rows : CopyTile::strided;
  if (copy.mode == CopyTile::strided && copy.column_to == 1) {
    for (int axis = 0; axis < copy.rank; ++axis) {
      if (copy.from_strides[axis] == 1) {
        row_axis = axis;
        copy.mode = CopyTile::transposed;
      }
    }
  }
  take_axis(copy, row_axis, copy.rows, copy.row_from, copy.row_to);
  copy.tile_columns = lesser(copy.columns, copy.mode == CopyTile::transposed ? 64 : unit_elements);
  copy.tile_rows = copy.mode == CopyTile::transposed ? lesser(copy.rows, 64)
                                                     : lesser(copy.rows, greater(1, 4096 / copy.tile_columns));
  copy.tiles_down = divide_up(copy.rows, copy.tile_rows);
  copy.tiles_across = divide_up(copy.columns, copy.tile_columns);
  copy.tiles = copy.tiles_down * copy.tiles_across;
  for (int i = 0; i < copy.rank; ++i) copy.tiles *= copy.dims[i];
  copy.tiles_per_unit = greater(1, unit_elements / (copy.tile_rows * copy.tile_columns));
  copy.units = divide_up(copy.tiles, copy.tiles_per_unit);
}

template <class T>
GM_INLINE void copy_one_by_one(const StridedCopy& copy, const T* from, T* to, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; ++r) {
    const T* source = from + r * copy.row_from;
    T* target = to + r * copy.row_to;
    for (int64_t c = 0; c < columns; ++c) target[c * copy.column_to] = source[c * copy.column_from];
  }
}

// Blocks of four by four; a row of the block in the target is a column in the source.
template <class T>
GM_INLINE void copy_transposed(const StridedCopy& copy, const T* from, T* to, int64_t rows, int64_t columns) {
  int64_t r = 0;
  if constexpr (sizeof(T) == 4) {
    typedef uint32_t Quad __attribute__((vector_size(16)));
    for (; r + 4 <= rows; r += 4) {
      int64_t c = 0;
      for (; c + 4 <= columns; c += 4) {
        const T* source = from + r + c * copy.column_from;
        Quad a[4];
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) __builtin_memcpy(&a[i], source + i * copy.column_from, 16);
        const Quad low01 = __builtin_shufflevector(a[0], a[1], 0, 4, 1, 5);
        const Quad high01 = __builtin_shufflevector(a[0], a[1], 2, 6, 3, 7);
        const Quad low23 = __builtin_shufflevector(a[2], a[3], 0, 4, 1, 5);
        const Quad high23 = __builtin_shufflevector(a[2], a[3], 2, 6, 3, 7);
        const Quad b[4] = {__builtin_shufflevector(low01, low23, 0, 1, 4, 5),
                           __builtin_shufflevector(low01, low23, 2, 3, 6, 7),
                           __builtin_shufflevector(high01, high23, 0, 1, 4, 5),
                           __builtin_shufflevector(high01, high23, 2, 3, 6, 7)};
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) __builtin_memcpy(to + (r + i) * copy.row_to + c, &b[i], 16);
      }
      for (; c < columns; ++c) {
        for (int i = 0; i < 4; ++i) to[(r + i) * copy.row_to + c] = from[r + i + c * copy.column_from];
      }
    }
  }
  copy_one_by_one(copy, from + r * copy.row_from, to + r * copy.row_to, rows - r, columns);
}

// Units [begin, end) of the copy.
template <class T>
void run_copy(const StridedCopy& copy, const void* from_memory, void* to_memory, int64_t begin, int64_t end) {
  const T* from = static_cast<const T*>(from_memory) + copy.from_offset;
  T* to = static_cast<T*>(to_memory) + copy.to_offset;
  const int64_t first = begin * copy.tiles_per_unit, last = lesser(end * copy.tiles_per_unit, copy.tiles);
  int64_t across = first % copy.tiles_across, down = first / copy.tiles_across % copy.tiles_down;
  const int64_t group = first / copy.tiles_across / copy.tiles_down;
  Odometer<copy_max_rank> source(copy.rank, copy.dims, copy.from_strides, group);
  Odometer<copy_max_rank> target(copy.rank, copy.dims, copy.to_strides, group);
  for (int64_t tile = first; tile < last; ++tile) {
    const int64_t row = down * copy.tile_rows, rows = lesser(copy.tile_rows, copy.rows - row);
    const int64_t column = across * copy.tile_columns, columns = lesser(copy.tile_columns, copy.columns - column);
    const T* tile_from = from + source.offset + row * copy.row_from + column * copy.column_from;
    T* tile_to = to + target.offset + row * copy.row_to + column * copy.column_to;
    if (copy.mode == CopyTile::rows) {
      for (int64_t r = 0; r < rows; ++r) {
        __builtin_memcpy(tile_to + r * copy.row_to, tile_from + r * copy.row_from, columns * sizeof(T));
      }
    } else if (copy.mode == CopyTile::transposed) {
      copy_transposed(copy, tile_from, tile_to, rows, columns);
    } else {
      copy_one_by_one(copy, tile_from, tile_to, rows, columns);
    }
    if (++across < copy.tiles_across) continue;
    across = 0;
    if (++down < copy.tiles_down) continue;
    down = 0;
    source.next();
    target.next();
  }
}

}  // namespace gradmill::GM_ISA_NAMESPACE
