#pragma once
// The vectors that serve an element type, whole or in part, so that a loop over a row has one text for float (vectors) and
// double (one lane).
#include "cpu/simd/half_lanes.h"
#include "cpu/simd/vec_math.h"

namespace gradmill::GM_ISA_NAMESPACE {

GM_INLINE double load(const double* from) { return *from; }
GM_INLINE void store(double* to, double x) { *to = x; }
// Partial vectors never occur with one lane.
GM_INLINE double load_partial(const double*, int64_t) { return 0; }
GM_INLINE void store_partial(double*, double, int64_t) {}

template <class V, int64_t lanes>
struct VectorsOf {
  typedef V Vector;
  static constexpr int64_t count = lanes;

  // n <= count elements, zeros behind them. Those of float may have 16 bits in memory.
  template <class S>
  static GM_INLINE V read(const S* from, int64_t n) { return n < count ? load_partial(from, n) : load(from); }
  template <class S>
  static GM_INLINE void write(S* to, V x, int64_t n) { n < count ? store_partial(to, x, n) : store(to, x); }

  // Calls body(first, how many) for the vectors of a row.
  template <class Body>
  static GM_INLINE void along(int64_t elements, const Body& body) {
    int64_t i = 0;
    for (; i + count <= elements; i += count) body(i, count);
    if (i < elements) body(i, elements - i);
  }
};

template <class T> struct Lanes;
template <> struct Lanes<float> : VectorsOf<Vec<float>, vector_lanes> {};
template <> struct Lanes<double> : VectorsOf<double, 1> {};

}  // namespace gradmill::GM_ISA_NAMESPACE
