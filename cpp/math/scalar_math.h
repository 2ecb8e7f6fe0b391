#pragma once
// The functions that the formulas of math/elementwise.h call, for scalar double, int32_t and int64_t. double goes to
// the C library through builtins; integers wrap around and never trap. cpu/simd/vec_math.h has the same names for
// vectors.
#include <cstdint>

#ifndef GM_ISA_NAMESPACE
#define GM_ISA_NAMESPACE baseline
#endif

// Kernels are compiled once for each instruction set; a function that is always inlined leaves no symbol behind.
#define GM_INLINE inline __attribute__((always_inline))

namespace gradmill::GM_ISA_NAMESPACE {

template <class V, class Mask> GM_INLINE V as_number(Mask condition) { return V(condition); }
template <class V> GM_INLINE V infinity() { return V(__builtin_inf()); }

GM_INLINE double select(bool condition, double x1, double x2) { return condition ? x1 : x2; }
GM_INLINE int32_t select(bool condition, int32_t x1, int32_t x2) { return condition ? x1 : x2; }
GM_INLINE int64_t select(bool condition, int64_t x1, int64_t x2) { return condition ? x1 : x2; }

GM_INLINE double negate(double x) { return -x; }
GM_INLINE double absolute(double x) { return __builtin_fabs(x); }
GM_INLINE double add(double x1, double x2) { return x1 + x2; }
GM_INLINE double subtract(double x1, double x2) { return x1 - x2; }
GM_INLINE double multiply(double x1, double x2) { return x1 * x2; }
GM_INLINE double exp(double x) { return __builtin_exp(x); }
// The argument of the one exponential is never positive, so that nothing overflows.
GM_INLINE double logistic(double x) {
  const double e = __builtin_exp(-__builtin_fabs(x));
  return (x < 0.0 ? e : 1.0) / (1.0 + e);
}
GM_INLINE double expm1(double x) { return __builtin_expm1(x); }
GM_INLINE double log(double x) { return __builtin_log(x); }
GM_INLINE double log1p(double x) { return __builtin_log1p(x); }
GM_INLINE double log2(double x) { return __builtin_log2(x); }
GM_INLINE double sqrt(double x) { return __builtin_sqrt(x); }
GM_INLINE double sin(double x) { return __builtin_sin(x); }
GM_INLINE double cos(double x) { return __builtin_cos(x); }
GM_INLINE double tan(double x) { return __builtin_tan(x); }
GM_INLINE double asin(double x) { return __builtin_asin(x); }
GM_INLINE double acos(double x) { return __builtin_acos(x); }
GM_INLINE double atan(double x) { return __builtin_atan(x); }
GM_INLINE double atan2(double x1, double x2) { return __builtin_atan2(x1, x2); }
GM_INLINE double sinh(double x) { return __builtin_sinh(x); }
GM_INLINE double cosh(double x) { return __builtin_cosh(x); }
GM_INLINE double tanh(double x) { return __builtin_tanh(x); }
GM_INLINE double asinh(double x) { return __builtin_asinh(x); }
GM_INLINE double acosh(double x) { return __builtin_acosh(x); }
GM_INLINE double atanh(double x) { return __builtin_atanh(x); }
GM_INLINE double erf(double x) { return __builtin_erf(x); }
GM_INLINE double floor(double x) { return __builtin_floor(x); }
GM_INLINE double ceil(double x) { return __builtin_ceil(x); }
GM_INLINE double trunc(double x) { return __builtin_trunc(x); }
GM_INLINE double round_half_even(double x) { return __builtin_nearbyint(x); }
GM_INLINE double power(double x1, double x2) { return __builtin_pow(x1, x2); }

// A start by the central formula of Giles ("Approximating the erfinv function", 2010), exact to 1e-7, and two steps of
// Halley's method on erfc, which keeps its digits in the tails.
GM_INLINE double erfinv(double y) {
  const double a = absolute(y);
  if (!(a < 1.0)) return a == 1.0 ? y * __builtin_inf() : __builtin_nan("");
  double w = -log1p(-a * a), p;
  if (w < 5.0) {
    w -= 2.5;
    p = 2.81022636e-08;
    p = 3.43273939e-07 + p * w;
    p = -3.5233877e-06 + p * w;
    p = -4.39150654e-06 + p * w;
    p = 0.00021858087 + p * w;
    p = -0.00125372503 + p * w;
    p = -0.00417768164 + p * w;
    p = 0.246640727 + p * w;
    p = 1.50140941 + p * w;
  } else {
    w = sqrt(w) - 3.0;
    p = -0.000200214257;
    p = 0.000100950558 + p * w;
    p = 0.00134934322 + p * w;
    p = -0.00367342844 + p * w;
    p = 0.00573950773 + p * w;
    p = -0.0076224613 + p * w;
    p = 0.00943887047 + p * w;
    p = 1.00167406 + p * w;
    p = 2.83297682 + p * w;
  }
  double x = p * a;
  for (int step = 0; step < 2; ++step) {
    const double error = a < 0.5 ? erf(x) - a : (1.0 - a) - __builtin_erfc(x);
    const double newton = error / (1.1283791670955126 * exp(-x * x));
    x -= newton / (1.0 + x * newton);
  }
  return __builtin_copysign(x, y);
}

// NumPy's rules: the remainder has the sign of x2, the quotient is the floor, a zero divisor gives inf or NaN.
GM_INLINE double floor_modulo(double x1, double x2) {
  double r = __builtin_fmod(x1, x2);
  if (r == 0.0) return __builtin_copysign(0.0, x2);
  return (r < 0) != (x2 < 0) ? r + x2 : r;
}
GM_INLINE double floor_divide(double x1, double x2) {
  if (x2 == 0.0) return x1 / x2;
  const double r = __builtin_fmod(x1, x2);
  double quotient = (x1 - r) / x2;  // nearly whole: x1 - r is a multiple of x2
  if (r != 0.0 && (r < 0) != (x2 < 0)) quotient -= 1.0;
  if (quotient == 0.0) return __builtin_copysign(0.0, x1 / x2);
  const double whole = floor(quotient);
  return quotient - whole > 0.5 ? whole + 1.0 : whole;
}

// Integers. Sums and products wrap around as NumPy's do; they go through the unsigned type, where that is defined.
#define GM_INTEGER_FUNCTIONS(T, U, bits)                                                              \
  GM_INLINE T negate(T x) { return T(U(0) - U(x)); }                                                  \
  GM_INLINE T absolute(T x) { return x < 0 ? negate(x) : x; }                                         \
  GM_INLINE T add(T x1, T x2) { return T(U(x1) + U(x2)); }                                            \
  GM_INLINE T subtract(T x1, T x2) { return T(U(x1) - U(x2)); }                                       \
  GM_INLINE T multiply(T x1, T x2) { return T(U(x1) * U(x2)); }                                       \
  GM_INLINE T floor_divide(T x1, T x2) {                                                              \
    if (x2 == 0) return 0;                                                                            \
    if (x2 == -1) return negate(x1); /* the least integer divided by -1 would trap */                 \
    const T quotient = x1 / x2;                                                                       \
    return quotient - T(quotient * x2 != x1 && (x1 < 0) != (x2 < 0));                                 \
  }                                                                                                   \
  GM_INLINE T floor_modulo(T x1, T x2) {                                                              \
    if (x2 == 0 || x2 == -1) return 0;                                                                \
    const T remainder = x1 % x2;                                                                      \
    return remainder != 0 && (remainder < 0) != (x2 < 0) ? remainder + x2 : remainder;                \
  }                                                                                                   \
  GM_INLINE T power(T base, T exponent) {                                                             \
    if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;                \
    T result = 1;                                                                                     \
    for (; exponent; exponent >>= 1, base = multiply(base, base))                                     \
      if (exponent & 1) result = multiply(result, base);                                              \
    return result;                                                                                    \
  }                                                                                                   \
  GM_INLINE T left_shift(T x1, T x2) { return U(x2) < bits ? T(U(x1) << x2) : 0; }                    \
  GM_INLINE T right_shift(T x1, T x2) { return x1 >> (U(x2) < bits ? x2 : bits - 1); }
GM_INTEGER_FUNCTIONS(int32_t, uint32_t, 32)
GM_INTEGER_FUNCTIONS(int64_t, uint64_t, 64)
#undef GM_INTEGER_FUNCTIONS

}  // namespace gradmill::GM_ISA_NAMESPACE
