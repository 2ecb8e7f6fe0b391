#pragma once
// Walks the positions of a block of axes in row-major order and keeps the offset that goes with them.
#include "math/scalar_math.h"

namespace gradmill::GM_ISA_NAMESPACE {

template <int max_axes>
struct Odometer {
  int rank;
  const int64_t* dims;
  const int64_t* strides;
  int64_t index[max_axes];
  int64_t offset;

  GM_INLINE Odometer(int axes, const int64_t* sizes, const int64_t* steps, int64_t position)
      : rank(axes), dims(sizes), strides(steps), offset(0) {
    for (int axis = rank; axis-- > 0;) {
      index[axis] = position % dims[axis];
      position /= dims[axis];
      offset += index[axis] * strides[axis];
    }
  }

  GM_INLINE void next() {
    for (int axis = rank; axis-- > 0;) {
      offset += strides[axis];
      if (++index[axis] < dims[axis]) return;
      offset -= dims[axis] * strides[axis];
      index[axis] = 0;
    }
  }
};

}  // namespace gradmill::GM_ISA_NAMESPACE
