#pragma once
// The place of the largest or smallest element along an axis: the first of equals, and NaN beats every number.
#include "cpu/axis_split.h"

namespace gradmill::GM_ISA_NAMESPACE {

template <class T> struct FindMaximum {
  typedef T Element;
  static GM_INLINE bool beats(T a, T b) { return a > b || (a != a && b == b); }
};
template <class T> struct FindMinimum {
  typedef T Element;
  static GM_INLINE bool beats(T a, T b) { return a < b || (a != a && b == b); }
};

constexpr int64_t extreme_columns = 256;

// Along a dense row. Whole blocks that hold no better element are passed over without looking for its place.
template <class Order>
GM_INLINE int32_t extreme_of_row(const typename Order::Element* x, int64_t n) {
  typedef typename Order::Element T;
  constexpr int64_t block = 64;
  int64_t best = 0;
  T value = x[0];
  int64_t i = 1;
  while (i < n) {
    if (n - i >= block) {
      int better = 0;
      for (int64_t j = 0; j < block; ++j) better |= Order::beats(x[i + j], value);
      if (!better) {
        i += block;
        continue;
      }
    }
    for (const int64_t stop = lesser(n, i + block); i < stop; ++i) {
      if (Order::beats(x[i], value)) {
        value = x[i];
        best = i;
      }
    }
  }
  return static_cast<int32_t>(best);
}

// Along the first axis of (length, inner), for columns [0, columns) from x on.
template <class Order>
GM_INLINE void extremes_of_columns(const typename Order::Element* x, int64_t length, int64_t inner, int64_t columns,
                                   int32_t* result) {
  typename Order::Element values[extreme_columns];
  for (int64_t j = 0; j < columns; ++j) {
    values[j] = x[j];
    result[j] = 0;
  }
  for (int64_t i = 1; i < length; ++i) {
    const auto* row = x + i * inner;
    for (int64_t j = 0; j < columns; ++j) {
      const bool better = Order::beats(row[j], values[j]);
      values[j] = better ? row[j] : values[j];
      result[j] = better ? static_cast<int32_t>(i) : result[j];
    }
  }
}

}  // namespace gradmill::GM_ISA_NAMESPACE
