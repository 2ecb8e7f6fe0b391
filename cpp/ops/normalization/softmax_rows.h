// Exponentials of one row of logits: what softmax, its logarithm and the cross-entropy have in common.
#pragma once

#include "cpu/simd/vec_math.h"
#include "math/scalar_math.h"

namespace gradmill::GM_ISA_NAMESPACE {

GM_INLINE float horizontal_max(Vec<float> x) {
  float lanes[vector_lanes];
  store(lanes, x);
  float result = lanes[0];
  for (int i = 1; i < vector_lanes; ++i) result = lanes[i] > result || lanes[i] != lanes[i] ? lanes[i] : result;
  return result;
}

GM_INLINE float horizontal_sum(Vec<float> x) {
  float lanes[vector_lanes];
  store(lanes, x);
  for (int width = vector_lanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

// Lanes from `count` on hold `filler`.
GM_INLINE Vec<float> load_filled(const float* x, int64_t count, float filler) {
  float lanes[vector_lanes];
  for (int i = 0; i < vector_lanes; ++i) lanes[i] = i < count ? x[i] : filler;
  return load(lanes);
}

GM_INLINE float row_max(const float* x, int64_t count) {
  constexpr float lowest = -__builtin_inff();
  Vec<float> best(lowest);
  int64_t i = 0;
  for (; i + vector_lanes <= count; i += vector_lanes) {
    const Vec<float> value = load(x + i);
    best = select(value > best, value, best);
  }
  if (i < count) {
    const Vec<float> value = load_filled(x + i, count - i, lowest);
    best = select(value > best, value, best);
  }
  return horizontal_max(best);
}

// Writes exp(x - shift) to y (unless null) and returns the sum.
GM_INLINE float exponentials(const float* x, int64_t count, float shift, float* y) {
  Vec<float> total(0.0f);
  int64_t i = 0;
  for (; i + vector_lanes <= count; i += vector_lanes) {
    const Vec<float> e = exp(load(x + i) - Vec<float>(shift));
    if (y) store(y + i, e);
    total = total + e;
  }
  if (i < count) {
    const Vec<float> e = exp(load_filled(x + i, count - i, -__builtin_inff()) - Vec<float>(shift));
    if (y) store_partial(y + i, e, count - i);
    total = total + e;
  }
  return horizontal_sum(total);
}

GM_INLINE double row_max(const double* x, int64_t count) {
  double best = x[0];
  for (int64_t i = 1; i < count; ++i) best = x[i] > best ? x[i] : best;
  return best;
}

GM_INLINE double exponentials(const double* x, int64_t count, double shift, double* y) {
  double total = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double e = __builtin_exp(x[i] - shift);
    if (y) y[i] = e;
    total += e;
  }
  return total;
}

// A row of nothing but -inf has no maximum to subtract.
GM_INLINE float safe_shift(float maximum) { return maximum == -__builtin_inff() ? 0.0f : maximum; }
GM_INLINE double safe_shift(double maximum) { return maximum == -__builtin_inf() ? 0.0 : maximum; }

GM_INLINE float logarithm(float x) { return __builtin_logf(x); }
GM_INLINE double logarithm(double x) { return __builtin_log(x); }

}  // namespace gradmill::GM_ISA_NAMESPACE
