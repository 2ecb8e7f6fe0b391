#pragma once
// The filters of resample: which elements of one axis make up each place of the result, and with which weights.
//
// Place j of `size` is the cell [j, j + 1) of an axis on which the input's cells are size / input_size long. A filter
// is centred on it; weights outside the input are dropped and the others scaled to sum to one, which for the bilinear
// filter means that edges are repeated. References: Keys 1981 (bicubic, a = -0.5), Duchon 1979 (Lanczos).
#include "math/scalar_math.h"

namespace gradmill::GM_ISA_NAMESPACE {

enum ResampleMethod { resample_nearest, resample_bilinear, resample_bicubic, resample_lanczos3, resample_lanczos5 };

// -1 for a name that is none.
static inline int resample_method(const char* name) {
  const char* const names[] = {"nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"};
  for (int i = 0; i < 5; ++i) {
    if (__builtin_strcmp(name, names[i]) == 0) return i;
  }
  return -1;
}

struct ResampleFilter {
  int method;
  int64_t input, output;  // places along the axis
  double radius, widening;

  GM_INLINE double reach() const { return radius * widening; }
};

static inline ResampleFilter resample_filter(int method, int64_t input, int64_t output, bool antialias) {
  const double radii[] = {0, 1, 2, 3, 5};
  const double shrinking = static_cast<double>(input) / static_cast<double>(output);
  return {method, input, output, radii[method], antialias && shrinking > 1 && method != 0 ? shrinking : 1.0};
}

// The most elements that one place is made of.
static inline int64_t most_taps(const ResampleFilter& f) {
  const int64_t taps = static_cast<int64_t>(2 * f.reach()) + 2;
  return f.method == resample_nearest ? 1 : taps < f.input ? taps : f.input;
}

static inline double filter_value(int method, double x) {  // x >= 0
  constexpr double pi = 3.14159265358979323846;
  if (method == resample_bilinear) return x < 1 ? 1 - x : 0;
  if (method == resample_bicubic) {
    if (x >= 2) return 0;
    return x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1;
  }
  const double radius = method == resample_lanczos3 ? 3 : 5;
  if (x > radius) return 0;
  if (x <= 1e-3) return 1;
  return radius * __builtin_sin(pi * x) * __builtin_sin(pi * x / radius) / (pi * pi * x * x);
}

// Writes the weights of place j and returns the first of their elements; `count` is how many there are.
template <class T>
static inline int64_t weights_of_place(const ResampleFilter& f, int64_t j, T* weights, int64_t* count) {
  if (f.method == resample_nearest) {
    weights[0] = T(1);
    *count = 1;
    return (2 * j + 1) * f.input / (2 * f.output);
  }
  const double centre = (static_cast<double>(j) + 0.5) * static_cast<double>(f.input) / static_cast<double>(f.output) - 0.5;
  int64_t first = static_cast<int64_t>(__builtin_ceil(centre - f.reach()));
  int64_t last = static_cast<int64_t>(__builtin_floor(centre + f.reach()));
  if (first < 0) first = 0;
  if (last >= f.input) last = f.input - 1;
  double total = 0;
  for (int64_t i = first; i <= last; ++i) {
    total += filter_value(f.method, __builtin_fabs(centre - static_cast<double>(i)) / f.widening);
  }
  *count = last - first + 1;
  for (int64_t i = first; i <= last; ++i) {
    const double value = filter_value(f.method, __builtin_fabs(centre - static_cast<double>(i)) / f.widening);
    weights[i - first] = __builtin_fabs(total) > 1e-4 ? T(value / total) : T(0);
  }
  return first;
}

}  // namespace gradmill::GM_ISA_NAMESPACE
