#pragma once
// Geometry and inner loops shared by the pooling kernels; included by max_pool_cpu.cpp and average_pool_cpu.cpp only.
//
// Spatial axes become three: 3D as it is, 2D as (rows, 1, columns), 1D as (steps, 1, 1); so the first is always the one
// that work is divided along. For one place of the result, `PlaceList` holds where the elements of its window are, as
// offsets from the first of them; the channels behind each offset are then worked through in vectors.
#include "cpu/row_math.h"
#include "ops/pooling/pooling.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {

constexpr int most_places = 64;  // windows with more are worked through in parts

struct PoolingPlan {
  int64_t batch, channels;
  int64_t in[3], out[3], window[3], stride[3], low[3];
  int64_t rows, rows_per_unit;  // rows of the result, or of dx
  bool include_padding, overlapping, covering;
};

struct Range {
  int64_t from, to;
  GM_INLINE int64_t size() const { return to - from; }
};

// The elements under window `o` of one axis.
GM_INLINE Range elements_under(const PoolingPlan& p, int axis, int64_t o) {
  const int64_t begin = o * p.stride[axis] - p.low[axis];
  return {greater(begin, 0), lesser(begin + p.window[axis], p.in[axis])};
}

// The windows of one axis that lie over any of the elements [from, to).
GM_INLINE Range windows_over(const PoolingPlan& p, int axis, int64_t from, int64_t to) {
  const int64_t before = from + p.low[axis] - p.window[axis] + 1;  // a window that begins earlier ends too early
  const int64_t first = before <= 0 ? 0 : divide_up(before, p.stride[axis]);
  return {first, lesser(p.out[axis], (to - 1 + p.low[axis]) / p.stride[axis] + 1)};
}

template <class T>
static inline void read_windows(PoolingPlan& p, const BufferType& x, const BufferType& y, const T& attributes) {
  const int axes = x.rank - 2;
  const int64_t *window = attributes.window.data(), *strides = attributes.strides.data();
  const int64_t* low = attributes.padding_low.data();
  const bool has_strides = attributes.strides.size() != 0, has_low = attributes.padding_low.size() != 0;
  p.batch = x.dims[0];
  p.channels = x.dims[x.rank - 1];
  p.overlapping = false;
  p.covering = true;
  for (int i = 0; i < 3; ++i) {
    const int from = axes == 3 ? i : axes == 2 ? (i == 0 ? 0 : i == 2 ? 1 : -1) : (i == 0 ? 0 : -1);
    const bool real = from >= 0;
    p.in[i] = real ? x.dims[from + 1] : 1;
    p.out[i] = real ? y.dims[from + 1] : 1;
    p.window[i] = real ? window[from] : 1;
    p.stride[i] = real && has_strides ? strides[from] : 1;
    p.low[i] = real && has_low ? low[from] : 0;
    if (p.stride[i] < p.window[i]) p.overlapping = true;
    const int64_t end = (p.out[i] - 1) * p.stride[i] - p.low[i] + p.window[i];
    if (p.stride[i] > p.window[i] || end < p.in[i]) p.covering = false;
  }
}

// Where the elements of one window, or the windows over one element, are: offsets from the first of the tensor.
struct PlaceList {
  int count;
  int64_t offsets[most_places];
};

template <class T>
GM_INLINE typename Lanes<T>::Vector load_channels(const T* from, int64_t count, T rest) {
  return count >= Lanes<T>::count ? load(from) : load_first(from, count, rest);
}

template <class T>
GM_INLINE void store_channels(T* to, typename Lanes<T>::Vector value, int64_t count) {
  if (count >= Lanes<T>::count) {
    store(to, value);
  } else {
    store_partial(to, value, count);
  }
}

}  // namespace gradmill::GM_ISA_NAMESPACE
