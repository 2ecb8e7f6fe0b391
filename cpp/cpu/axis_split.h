#pragma once
// One axis of a dense tensor seen as the middle of three: everything before it, itself, everything behind it.
#include "math/scalar_math.h"

namespace gradmill::GM_ISA_NAMESPACE {

struct AxisSplit {
  int64_t outer, length, inner;
};

GM_INLINE AxisSplit split_at(const int64_t* dims, int rank, int64_t axis) {
  if (axis < 0) axis += rank;
  AxisSplit split{1, dims[axis], 1};
  for (int i = 0; i < rank; ++i) {
    if (i < axis) split.outer *= dims[i];
    if (i > axis) split.inner *= dims[i];
  }
  return split;
}

GM_INLINE int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }
GM_INLINE int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }
GM_INLINE int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace gradmill::GM_ISA_NAMESPACE
