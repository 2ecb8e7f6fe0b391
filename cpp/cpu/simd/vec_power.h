#pragma once
// Powers and floor division for Vec<float>, which need more digits than a float has: they run in two half vectors of
// double. Errors as in vec_math.h.
#include "cpu/simd/vec_math.h"

namespace gradmill::GM_ISA_NAMESPACE {

typedef float HalfFloat __attribute__((vector_size(vector_bytes / 2)));
typedef double HalfDouble __attribute__((vector_size(vector_bytes)));
typedef int64_t HalfLong __attribute__((vector_size(vector_bytes)));

GM_INLINE HalfDouble half_of(VecFloat x, int which) {
  HalfFloat half;
  __builtin_memcpy(&half, reinterpret_cast<const char*>(&x.native) + which * sizeof half, sizeof half);
  return __builtin_convertvector(half, HalfDouble);
}
GM_INLINE void set_half(VecFloat* x, int which, HalfDouble value) {
  const HalfFloat half = __builtin_convertvector(value, HalfFloat);
  __builtin_memcpy(reinterpret_cast<char*>(&x->native) + which * sizeof half, &half, sizeof half);
}

// log2 of positive x: 2^e m with sqrt(1/2) <= m < sqrt(2), then the series of atanh. Good to 2^-42.
GM_INLINE HalfDouble half_log2(HalfDouble x) {
  const int64_t middle = 0x3fe6a09e667f3bcd;  // bits of sqrt(1/2)
  const HalfLong moved = (HalfLong)x - middle;
  // The exponent becomes a double by the bits of 2^52 + 2^51: few processors convert int64 by themselves.
  const HalfDouble shift = 6755399441055744.0 - HalfDouble{};
  const HalfDouble e = (HalfDouble)((moved >> 52) + (HalfLong)shift) - shift;
  const HalfDouble m = (HalfDouble)((moved & 0xfffffffffffff) + middle);
  const HalfDouble s = (m - 1.0) / (m + 1.0), z = s * s;
  HalfDouble p = 1.0 / 15 + z * (1.0 / 17);
  p = 1.0 / 13 + z * p;
  p = 1.0 / 11 + z * p;
  p = 1.0 / 9 + z * p;
  p = 1.0 / 7 + z * p;
  p = 1.0 / 5 + z * p;
  p = 1.0 / 3 + z * p;
  return e + (s + s * z * p) * 2.8853900817779268;  // 2 / ln 2
}

// 2^x for |x| <= 1000: Taylor's series in x ln 2 on [-1/2, 1/2]. Good to 2^-40.
GM_INLINE HalfDouble half_exp2(HalfDouble x) {
  const HalfDouble shift = 6755399441055744.0 - HalfDouble{};
  const HalfDouble shifted = x + shift;
  const HalfDouble r = (x - (shifted - shift)) * 0.69314718055994531;
  HalfDouble p = 1.0 / 362880 + r * (1.0 / 3628800);
  p = 1.0 / 40320 + r * p;
  p = 1.0 / 5040 + r * p;
  p = 1.0 / 720 + r * p;
  p = 1.0 / 120 + r * p;
  p = 1.0 / 24 + r * p;
  p = 1.0 / 6 + r * p;
  p = 0.5 + r * p;
  p = 1.0 + r * p;
  p = 1.0 + r * p;
  return (HalfDouble)((HalfLong)p + (((HalfLong)shifted - (HalfLong)shift) << 52));
}

// |x1| ** x2 as 2 ** (x2 log2 |x1|) in double, then the signs and exceptions of IEEE 754's pow. 1 ulp.
GM_INLINE VecFloat power(VecFloat x1, VecFloat x2) {
  const VecFloat base = absolute(x1);
  VecFloat result = base;
  for (int which = 0; which < 2; ++which) {
    const HalfDouble b = half_of(base, which), exponent = half_of(x2, which);
    HalfDouble logarithm = half_log2(b);
    logarithm = b == 0.0 ? HalfDouble{} - __builtin_inf() : logarithm;
    logarithm = b == __builtin_inf() ? b : logarithm;
    HalfDouble product = logarithm * exponent;
    product = product > 1000.0 ? HalfDouble{} + 1000.0 : product;
    product = product < -1000.0 ? HalfDouble{} - 1000.0 : product;
    set_half(&result, which, product == product ? half_exp2(product) : product);
  }
  const VecFloat half = x2 * 0.5f;
  const Mask whole = trunc(x2) == x2, odd = whole & (trunc(half) != half);
  const VecInt sign = select(odd, sign_bit(x1), VecInt(0));
  const VecFloat nan = __builtin_nanf("");
  result = select((x1 < 0.0f) & ~whole & (base < infinity<VecFloat>()), nan, result);
  result = select((x1 != x1) | (x2 != x2), nan, result);
  result = select((x2 == 0.0f) | (x1 == 1.0f), 1.0f, result);
  // (-1) ** inf is 1; 1 ** x2 stands above.
  result = select((base == 1.0f) & (absolute(x2) == infinity<VecFloat>()), 1.0f, result);
  return with_sign(result, sign);
}

// Quotient and remainder towards zero in double: exact while the quotient has fewer than 28 bits, because a float has
// 24 and a double 53. Lanes beyond that, and those with a zero or infinite divisor, are left to the scalar functions.
struct Division {
  HalfDouble quotient, remainder;  // floor and modulo
};
constexpr double largest_exact_quotient = 1 << 28;
GM_INLINE Division floor_division(HalfDouble x1, HalfDouble x2) {
  const HalfDouble ratio = x1 / x2;
  // Rounds to the nearest whole number, then to the one not above the true quotient, which the remainder tells.
  const HalfDouble shift = 6755399441055744.0 - HalfDouble{};
  HalfDouble quotient = (ratio + shift) - shift;
  HalfDouble remainder = x1 - quotient * x2;
  const HalfDouble zero = {};
  const HalfLong above = (remainder != zero) & ((remainder < zero) ^ (x2 < zero));
  quotient = above ? quotient - 1.0 : quotient;
  remainder = above ? remainder + x2 : remainder;
  return {quotient, remainder};
}

template <class Scalar>
GM_INLINE VecFloat repair_division(VecFloat x1, VecFloat x2, VecFloat result, Scalar scalar) {
  const VecFloat ratio = absolute(x1 / x2);
  const Mask rare = ~((ratio < float(largest_exact_quotient)) & (absolute(x2) < infinity<VecFloat>()));
  if (__builtin_expect(any(rare), 0))
    for (int lane = 0; lane < vector_lanes; ++lane)
      if (rare.bits[lane]) result.native[lane] = float(scalar(double(x1.native[lane]), double(x2.native[lane])));
  return result;
}

// Exact.
GM_INLINE VecFloat floor_divide(VecFloat x1, VecFloat x2) {
  VecFloat result = x1;
  for (int which = 0; which < 2; ++which)
    set_half(&result, which, floor_division(half_of(x1, which), half_of(x2, which)).quotient);
  result = select(result == 0.0f, with_sign(0.0f, sign_bit(x1) ^ sign_bit(x2)), result);
  return repair_division(x1, x2, result, [](double a, double b) { return floor_divide(a, b); });
}

// Rounded once, as NumPy does. 0.5 ulp.
GM_INLINE VecFloat floor_modulo(VecFloat x1, VecFloat x2) {
  VecFloat result = x1;
  for (int which = 0; which < 2; ++which)
    set_half(&result, which, floor_division(half_of(x1, which), half_of(x2, which)).remainder);
  result = select(result == 0.0f, with_sign(0.0f, sign_bit(x2)), result);
  return repair_division(x1, x2, result, [](double a, double b) { return floor_modulo(a, b); });
}

}  // namespace gradmill::GM_ISA_NAMESPACE
