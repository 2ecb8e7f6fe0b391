#pragma once
// Functions of Vec<float>: exponentials, logarithms and the functions made of them. The angles stand in vec_angles.h,
// powers and remainders in vec_power.h.
//
// Errors are the largest seen against the C library in double over all exponents (tests/cpp/test_vec_math.cpp), in
// units of the last place (ulp) of the float result. Denormals, infinities and NaN are handled everywhere.
#include "cpu/simd/vec.h"

namespace gradmill::GM_ISA_NAMESPACE {

using VecFloat = Vec<float>;
using VecInt = Vec<int32_t>;

// c0 + c1 x + c2 x^2 + ..., by Horner's rule.
GM_INLINE VecFloat polynomial(VecFloat, VecFloat c0) { return c0; }
template <class... Rest> GM_INLINE VecFloat polynomial(VecFloat x, VecFloat c0, VecFloat c1, Rest... rest) {
  return c0 + x * polynomial(x, c1, rest...);
}

// x = n ln 2 + r with |r| <= ln(2) / 2; ln 2 in two parts (Cody and Waite 1980), the first so short that n times it is
// exact. Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits. |x| < 10^6.
struct ExponentAndRest {
  VecInt n;
  VecFloat r;
};
GM_INLINE ExponentAndRest split_exponent(VecFloat x) {
  const VecFloat shift = 12582912.0f;
  const VecFloat shifted = x * 1.44269504f + shift;
  const VecFloat whole = shifted - shift;
  return {bits_of(shifted) - bits_of(shift), (x - whole * 0.693359375f) - whole * -2.12194440e-4f};
}

// 2^n for -126 <= n <= 127.
GM_INLINE VecFloat power_of_two(VecInt n) { return float_of((n + 127) << 23); }

// exp(x) * 2^scale, with no overflow on the way. The polynomial is that of Cephes' expf. 1 ulp.
GM_INLINE VecFloat exp_scaled(VecFloat x, int32_t scale) {
  x = bounded(x, -105.0f, 90.0f);  // beyond that the result is infinite or zero
  const ExponentAndRest e = split_exponent(x);
  const VecFloat p = polynomial(e.r, 5.0000001201e-1f, 1.6666665459e-1f, 4.1665795894e-2f, 8.3334519073e-3f,
                                1.3981999507e-3f, 1.9875691500e-4f);
  const VecFloat y = p * (e.r * e.r) + e.r + 1.0f;
  const VecInt n = e.n + scale, half = n >> 1;  // in two steps, because 2^n may be infinite or denormal
  return y * power_of_two(half) * power_of_two(n - half);
}
GM_INLINE VecFloat exp(VecFloat x) { return exp_scaled(x, 0); }

// 1 / (1 + exp(-x)), with the polynomial of exp. Beyond the bounds exp(-x) is infinite or nothing beside 1;
// results below 2^-126 may become 0. The integer is rounded with 127 added, so that 2^n takes one shift. 2 ulp.
GM_INLINE VecFloat logistic(VecFloat x) {
  x = bounded(x, -88.8f, 87.5f);
  const VecFloat shift = 12582912.0f + 127.0f;
  const VecFloat shifted = shift - x * 1.44269504f;
  const VecFloat whole = shifted - shift;
  const VecFloat r = (whole * -0.693359375f - x) - whole * -2.12194440e-4f;
  const VecFloat p = polynomial(r, 5.0000001201e-1f, 1.6666665459e-1f, 4.1665795894e-2f, 8.3334519073e-3f,
                                1.3981999507e-3f, 1.9875691500e-4f);
  const VecFloat y = p * (r * r) + r + 1.0f;
  return 1.0f / (1.0f + y * float_of(bits_of(shifted) << 23));
}

// exp(r) - 1 for |r| <= ln(2) / 2. Minimax polynomial of our own.
GM_INLINE VecFloat expm1_of_rest(VecFloat r) {
  return r + r * r * polynomial(r, 0.5f, 0.166666657f, 0.0416663587f, 0.00833338965f, 0.00139408931f, 0.000198459005f);
}

// 2^n (exp(r) - 1) + (2^n - 1), halved so that 2^128 does not occur. 2 ulp.
GM_INLINE VecFloat expm1(VecFloat x) {
  const ExponentAndRest e = split_exponent(bounded(x, -20.0f, 90.0f));
  const VecFloat y = expm1_of_rest(e.r);
  const VecInt n = select(VecInt(128) < e.n, VecInt(128), e.n);
  const VecFloat half_power = power_of_two(n - 1);
  const VecFloat result = (y * half_power + (half_power - 0.5f)) * 2.0f;
  return select(x == 0.0f, x, select(x > 89.0f, infinity<VecFloat>(), result));
}

// x = 2^e (1 + f), sqrt(1/2) <= 1 + f < sqrt(2), for positive finite x, and the polynomial of Cephes' logf:
// log(1 + f) = f - f^2 / 2 + f^3 p.
struct LogarithmParts {
  VecFloat e, f, p;
};
GM_INLINE LogarithmParts split_logarithm(VecFloat x) {
  const Mask denormal = x < 1.17549435e-38f;
  const VecInt bits = bits_of(select(denormal, x * 8388608.0f, x));
  // Taking the bits of sqrt(1/2) away first moves the break between exponents to there.
  const VecInt moved = bits - 0x3f3504f3;
  VecFloat e = to_float(moved >> 23);
  e = select(denormal, e - 23.0f, e);
  const VecFloat f = float_of((moved & 0x007fffff) + 0x3f3504f3) - 1.0f;
  const VecFloat p = polynomial(f, 3.3333331174e-1f, -2.4999993993e-1f, 2.0000714765e-1f, -1.6668057665e-1f,
                                1.4249322787e-1f, -1.2420140846e-1f, 1.1676998740e-1f, -1.1514610310e-1f,
                                7.0376836292e-2f);
  return {e, f, p};
}

GM_INLINE VecFloat logarithm_limits(VecFloat x, VecFloat result) {
  result = select(x < infinity<VecFloat>(), result, x);  // inf and NaN stay
  result = select(x == 0.0f, -infinity<VecFloat>(), result);
  return select(x < 0.0f, VecFloat(__builtin_nanf("")), result);
}

// 1 ulp.
GM_INLINE VecFloat log(VecFloat x) {
  const LogarithmParts a = split_logarithm(x);
  const VecFloat square = a.f * a.f;
  const VecFloat small = a.e * -2.12194440e-4f + a.f * square * a.p - square * 0.5f;
  return logarithm_limits(x, a.e * 0.693359375f + (a.f + small));
}

// log2(e) is split as 1 + 0.4427 so that the leading terms stay exact, as in Cephes' log2f. 1.5 ulp.
GM_INLINE VecFloat log2(VecFloat x) {
  const LogarithmParts a = split_logarithm(x);
  const VecFloat square = a.f * a.f, small = a.f * square * a.p - square * 0.5f;
  const VecFloat fraction = small * 0.44269504088896341f + a.f * 0.44269504088896341f + small + a.f;
  return logarithm_limits(x, fraction + a.e);
}

// log(u) with u = 1 + x rounded, plus what the rounding lost, divided by u (Kahan). 2 ulp.
GM_INLINE VecFloat log1p(VecFloat x) {
  const VecFloat u = x + 1.0f;
  // From whichever is larger, so that the difference is exact.
  const VecFloat lost = select(x < 1.0f, x - (u - 1.0f), 1.0f - (u - x)) / u;
  const VecFloat result = log(u) + select((u > 0.0f) & (u < infinity<VecFloat>()), lost, 0.0f);
  return select(x == 0.0f, x, result);
}

// t / (t + 2) with t = exp(2 |x|) - 1. 2.5 ulp.
GM_INLINE VecFloat tanh(VecFloat x) {
  const ExponentAndRest e = split_exponent(bounded(absolute(x), 0.0f, 10.0f) * 2.0f);
  const VecFloat power = power_of_two(e.n), t = expm1_of_rest(e.r) * power + (power - 1.0f);
  return with_sign(t / (t + 2.0f), sign_bit(x));
}

// exp(|x|) / 2 is never infinite before its time. 2 ulp.
GM_INLINE VecFloat cosh(VecFloat x) {
  const VecFloat half = exp_scaled(absolute(x), -1);
  return half + 0.25f / half;
}

// Below 1 the odd polynomial of Cephes' sinhf, else as cosh. 2 ulp.
GM_INLINE VecFloat sinh(VecFloat x) {
  const VecFloat magnitude = absolute(x), square = x * x;
  const VecFloat p = polynomial(square, 1.66667160211e-1f, 8.33028376239e-3f, 2.03721912945e-4f);
  const VecFloat half = exp_scaled(magnitude, -1);
  return select(magnitude < 1.0f, x + x * square * p, with_sign(half - 0.25f / half, sign_bit(x)));
}

// log1p(a + a^2 / (1 + sqrt(1 + a^2))), a = |x|; for large a, log(a) + log(2). 3 ulp.
GM_INLINE VecFloat asinh(VecFloat x) {
  const VecFloat magnitude = absolute(x);
  const Mask large = magnitude > 1e8f;
  const VecFloat a = select(large, 1.0f, magnitude), square = a * a;
  const VecFloat argument = a + square / (sqrt(square + 1.0f) + 1.0f);
  const VecFloat result = select(large, log(magnitude) + 0.693147181f, log1p(argument));
  return with_sign(result, sign_bit(x));
}

// log1p(t + sqrt(2 t + t^2)), t = x - 1; for large x, log(x) + log(2). 3 ulp.
GM_INLINE VecFloat acosh(VecFloat x) {
  const Mask large = x > 1e8f;
  const VecFloat t = select(large, 1.0f, x) - 1.0f;
  const VecFloat result = select(large, log(x) + 0.693147181f, log1p(t + sqrt(t * 2.0f + t * t)));
  return select(x < 1.0f, VecFloat(__builtin_nanf("")), result);  // t * t may have overflown
}

// log1p(2 a / (1 - a)) / 2, a = |x|. 3 ulp.
GM_INLINE VecFloat atanh(VecFloat x) {
  const VecFloat magnitude = absolute(x);
  const VecFloat result = log1p(magnitude * 2.0f / (1.0f - magnitude)) * 0.5f;
  return with_sign(select(magnitude > 1.0f, VecFloat(__builtin_nanf("")), result), sign_bit(x));
}

// Below 0.93 an odd polynomial, above it 1 - exp(q), where q is a polynomial of log(erfc(|x|)); both are our own
// minimax fits (Lawson's iteration). 2 ulp.
GM_INLINE VecFloat erf(VecFloat x) {
  const VecFloat square = x * x, a = absolute(x);
  const VecFloat inner = x + x * polynomial(square, 0.128379151f, -0.376124799f, 0.112816826f, -0.0267617218f,
                                            0.00498594297f, -0.000595374964f);
  const VecFloat t = select(a > 4.0f, 4.0f, a);  // erf(4) rounds to 1
  const VecFloat q = t * polynomial(t, -0.12864849f, -0.635151327f, -0.106236838f, 0.0237620287f, -0.00364244287f,
                                    0.000322799955f, -1.12309226e-05f);
  const VecFloat outer = with_sign(1.0f - exp(q - t), sign_bit(x));
  return select(a > 0.93f, outer, inner);
}

// Giles, "Approximating the erfinv function" (GPU Computing Gems 2, 2010), single precision. 4 ulp.
GM_INLINE VecFloat erfinv(VecFloat x) {
  const VecFloat w = -log((1.0f - x) * (x + 1.0f));
  const VecFloat central = w - 2.5f, tail = sqrt(w) - 3.0f;
  const VecFloat p = polynomial(central, 1.50140941f, 0.246640727f, -0.00417768164f, -0.00125372503f, 0.00021858087f,
                                -4.39150654e-06f, -3.5233877e-06f, 3.43273939e-07f, 2.81022636e-08f);
  const VecFloat q = polynomial(tail, 2.83297682f, 1.00167406f, 0.00943887047f, -0.0076224613f, 0.00573950773f,
                                -0.00367342844f, 0.00134934322f, 0.000100950558f, -0.000200214257f);
  return select(absolute(x) == 1.0f, x * infinity<VecFloat>(), x * select(w < 5.0f, p, q));
}

}  // namespace gradmill::GM_ISA_NAMESPACE
