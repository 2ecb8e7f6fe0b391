#pragma once
// Exponentials along dense rows, for softmax and the losses made of it. One text for float (vectors) and double (one
// lane).
#include "cpu/axis_split.h"
#include "cpu/lanes.h"

namespace gradmill::GM_ISA_NAMESPACE {

GM_INLINE double horizontal_sum(double x) { return x; }
GM_INLINE double horizontal_maximum(double x) { return x; }

// Partial vectors never occur with one lane.
GM_INLINE double load_first(const double*, int64_t, double rest) { return rest; }
GM_INLINE double keep_first(double x, int64_t) { return x; }
GM_INLINE double subtract_at(double x, int64_t lane, double taken) { return lane == 0 ? x - taken : x; }

GM_INLINE Mask first_lanes_mask(int64_t count) {
  NativeInt lanes{};
  for (int lane = 0; lane < vector_lanes; ++lane) lanes[lane] = lane;
  return {lanes < int32_t(count)};
}
// The first lanes from memory, the others `rest`.
GM_INLINE Vec<float> load_first(const float* from, int64_t count, float rest) {
  return select(first_lanes_mask(count), load_partial(from, count), Vec<float>(rest));
}
// x with zeros behind the first lanes.
GM_INLINE Vec<float> keep_first(Vec<float> x, int64_t count) {
  return select(first_lanes_mask(count), x, Vec<float>(0.0f));
}

// x less `taken` in one lane, which may lie outside.
GM_INLINE Vec<float> subtract_at(Vec<float> x, int64_t lane, float taken) {
  NativeInt lanes{};
  for (int i = 0; i < vector_lanes; ++i) lanes[i] = i;
  return x - select(Mask{lanes == int32_t(lane < 0 ? -1 : lane)}, Vec<float>(taken), Vec<float>(0.0f));
}

typedef float FourFloats __attribute__((vector_size(16)));
struct VectorQuarters {
  FourFloats part[vector_lanes / 4];
};
GM_INLINE VectorQuarters quarters_of(Vec<float> x) {
  VectorQuarters result;
  __builtin_memcpy(&result, &x.native, sizeof result);
  return result;
}
GM_INLINE float horizontal_sum(Vec<float> x) {
  const VectorQuarters q = quarters_of(x);
  FourFloats s = q.part[0];
  for (int i = 1; i < vector_lanes / 4; ++i) s = s + q.part[i];
  s = s + __builtin_shufflevector(s, s, 2, 3, 0, 1);
  return s[0] + s[1];
}
GM_INLINE float horizontal_maximum(Vec<float> x) {
  const VectorQuarters q = quarters_of(x);
  FourFloats m = q.part[0];
  for (int i = 1; i < vector_lanes / 4; ++i) m = m > q.part[i] ? m : q.part[i];
  const FourFloats swapped = __builtin_shufflevector(m, m, 2, 3, 0, 1);
  m = m > swapped ? m : swapped;
  return m[0] > m[1] ? m[0] : m[1];
}

GM_INLINE float logarithm(float x) { return __builtin_logf(x); }
GM_INLINE double logarithm(double x) { return __builtin_log(x); }

// The largest element, to guard exponentials against overflow. A row with NaN gives any of its values: the sum of the
// exponentials is NaN whatever is subtracted.
template <class T>
GM_INLINE T row_maximum(const T* x, int64_t n) {
  typedef typename Lanes<T>::Vector V;
  constexpr int64_t lanes = Lanes<T>::count;
  V m = V(T(-__builtin_inf())), m2 = m;
  int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const V a = load(x + i), b = load(x + i + lanes);
    m = select(m > a, m, a);
    m2 = select(m2 > b, m2, b);
  }
  m = select(m > m2, m, m2);
  for (; i < n; i += lanes) {
    const V a = i + lanes <= n ? load(x + i) : load_first(x + i, n - i, T(-__builtin_inf()));
    m = select(m > a, m, a);
  }
  return horizontal_maximum(m);
}

// What a row of at most `vectors` vectors becomes without leaving the registers: exp(x - maximum), zeros behind.
template <int vectors, class T>
struct ShortRow {
  typedef typename Lanes<T>::Vector V;
  static constexpr int64_t lanes = Lanes<T>::count;
  V v[vectors];
  int64_t tail;  // elements of the last vector
  T maximum, sum;

  GM_INLINE ShortRow(const T* x, int64_t n) : tail(n - (vectors - 1) * lanes) {
    for (int k = 0; k + 1 < vectors; ++k) v[k] = load(x + k * lanes);
    V& last = v[vectors - 1];
    last = tail == lanes ? load(x + (vectors - 1) * lanes)
                         : load_first(x + (vectors - 1) * lanes, tail, T(-__builtin_inf()));
    V m = last;
    for (int k = 0; k + 1 < vectors; ++k) m = select(m > v[k], m, v[k]);
    maximum = horizontal_maximum(m);
    const V shift = V(maximum);
    for (int k = 0; k < vectors; ++k) v[k] = exp(v[k] - shift);
    last = keep_first(last, tail);
    V total = v[0];
    for (int k = 1; k < vectors; ++k) total = total + v[k];
    sum = horizontal_sum(total);
  }

  // y = exp(x - maximum) * factor, less `taken` at one position (none if that is negative).
  GM_INLINE void write(T* y, T factor, int64_t position, T taken) const {
    for (int k = 0; k < vectors; ++k) {
      const V value = subtract_at(v[k] * V(factor), position - k * lanes, taken);
      if (k + 1 < vectors || tail == lanes) {
        store(y + k * lanes, value);
      } else {
        store_partial(y + k * lanes, value, tail);
      }
    }
  }
};

// The sum of exp(x - maximum of x); the terms are kept in e if asked for. x and e may be the same memory.
template <bool keep, class T>
GM_INLINE T row_exponentials(const T* x, T* e, int64_t n, T* maximum) {
  typedef typename Lanes<T>::Vector V;
  constexpr int64_t lanes = Lanes<T>::count;
  *maximum = row_maximum(x, n);
  const V shift = V(*maximum);
  double total = 0;
  for (int64_t i = 0; i < n;) {
    const int64_t stop = lesser(n, i + 256 * lanes);  // short sums in float, their total in double
    V sum = V(T(0));
    for (; i + lanes <= stop; i += lanes) {
      const V v = exp(load(x + i) - shift);
      if (keep) store(e + i, v);
      sum = sum + v;
    }
    if (i < stop) {
      const V v = keep_first(exp(load_first(x + i, stop - i, T(0)) - shift), stop - i);
      if (keep) store_partial(e + i, v, stop - i);
      sum = sum + v;
      i = stop;
    }
    total += horizontal_sum(sum);
  }
  return T(total);
}

// y = x * factor along a row; x and y may be the same memory.
template <class T>
GM_INLINE void scale_row(const T* x, T* y, int64_t n, T factor) {
  typedef typename Lanes<T>::Vector V;
  constexpr int64_t lanes = Lanes<T>::count;
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) store(y + i, load(x + i) * V(factor));
  if (i < n) store_partial(y + i, load_first(x + i, n - i, T(0)) * V(factor), n - i);
}

// y = softmax(x) * factor, less `factor` at one position (none if that is negative).
template <class T>
GM_INLINE void scaled_softmax_row(const T* x, T* y, int64_t n, T factor, int64_t position) {
  if (n <= Lanes<T>::count) {
    const ShortRow<1, T> row(x, n);
    row.write(y, factor / row.sum, position, factor);
  } else if (n <= 2 * Lanes<T>::count) {
    const ShortRow<2, T> row(x, n);
    row.write(y, factor / row.sum, position, factor);
  } else {
    T maximum;
    const T sum = row_exponentials<true>(x, y, n, &maximum);
    scale_row(y, y, n, factor / sum);
    if (position >= 0) y[position] -= factor;
  }
}

// The sum of exp(x - maximum of x), and that maximum.
template <class T>
GM_INLINE T sum_of_exponentials(const T* x, int64_t n, T* maximum) {
  if (n <= Lanes<T>::count) {
    const ShortRow<1, T> row(x, n);
    *maximum = row.maximum;
    return row.sum;
  }
  if (n <= 2 * Lanes<T>::count) {
    const ShortRow<2, T> row(x, n);
    *maximum = row.maximum;
    return row.sum;
  }
  return row_exponentials<false>(x, static_cast<T*>(nullptr), n, maximum);
}

// y = (x - a) - b along a row; x and y may be the same memory.
template <class T>
GM_INLINE void shift_row(const T* x, T* y, int64_t n, T a, T b) {
  typedef typename Lanes<T>::Vector V;
  constexpr int64_t lanes = Lanes<T>::count;
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) store(y + i, (load(x + i) - V(a)) - V(b));
  if (i < n) store_partial(y + i, (load_first(x + i, n - i, T(0)) - V(a)) - V(b), n - i);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
