#pragma once
// Sine, cosine, tangent and their inverses for Vec<float>. Errors as in vec_math.h.
#include "cpu/simd/vec_math.h"

namespace gradmill::GM_ISA_NAMESPACE {

// A function of double applied lane by lane: for arguments too rare to be worth vector code.
template <class Function> GM_INLINE VecFloat lanewise(VecFloat x, Mask where, VecFloat otherwise, Function function) {
  VecFloat result = otherwise;
  for (int lane = 0; lane < vector_lanes; ++lane)
    if (where.bits[lane]) result.native[lane] = float(function(double(x.native[lane])));
  return result;
}

// |x| = quadrant * pi/2 + r with |r| <= pi/4. pi/2 in four parts, the first three of 8 and 11 bits, so that their
// products with the quadrant are exact up to 2^13 (Cody and Waite 1980). Larger arguments go to the C library.
constexpr float largest_reduced_angle = 8192.0f;
struct Angle {
  VecInt quadrant;
  VecFloat sine, cosine;  // of r, by the polynomials of Cephes' sinf
};
GM_INLINE Angle reduce_angle(VecFloat magnitude) {
  const VecFloat shift = 12582912.0f;
  const VecFloat shifted = magnitude * 0.636619772f + shift;
  const VecFloat q = shifted - shift;
  const VecFloat r = ((magnitude - q * 1.5703125f) - q * 0.0004837512969970703f) - q * 7.549533620476723e-08f -
                     q * 2.5633440682570896e-12f;
  const VecFloat z = r * r;
  const VecFloat sine = r + r * z * polynomial(z, -1.6666654611e-1f, 8.3321608736e-3f, -1.9515295891e-4f);
  const VecFloat cosine = 1.0f - z * 0.5f +
                          z * z * polynomial(z, 4.166664568298827e-2f, -1.388731625493765e-3f, 2.443315711809948e-5f);
  return {bits_of(shifted) - bits_of(shift), sine, cosine};
}
GM_INLINE Mask is_odd(VecInt n) { return (n & 1) == VecInt(1); }

// 1.5 ulp.
GM_INLINE VecFloat sin(VecFloat x) {
  const VecFloat magnitude = absolute(x);
  const Angle a = reduce_angle(magnitude);
  const VecInt sign = sign_bit(x) ^ ((a.quadrant & 2) << 30);
  const VecFloat result = with_sign(select(is_odd(a.quadrant), a.cosine, a.sine), sign);
  const Mask large = ~(magnitude <= largest_reduced_angle);
  if (__builtin_expect(any(large), 0)) return lanewise(x, large, result, [](double v) { return __builtin_sin(v); });
  return result;
}

// 1.8 ulp.
GM_INLINE VecFloat cos(VecFloat x) {
  const VecFloat magnitude = absolute(x);
  const Angle a = reduce_angle(magnitude);
  const VecInt sign = ((a.quadrant + 1) & 2) << 30;
  const VecFloat result = with_sign(select(is_odd(a.quadrant), a.sine, a.cosine), sign);
  const Mask large = ~(magnitude <= largest_reduced_angle);
  if (__builtin_expect(any(large), 0)) return lanewise(x, large, result, [](double v) { return __builtin_cos(v); });
  return result;
}

// 3 ulp.
GM_INLINE VecFloat tan(VecFloat x) {
  const VecFloat magnitude = absolute(x);
  const Angle a = reduce_angle(magnitude);
  const Mask odd = is_odd(a.quadrant);
  const VecFloat ratio = select(odd, -a.cosine, a.sine) / select(odd, a.sine, a.cosine);
  const VecFloat result = with_sign(ratio, sign_bit(x));
  const Mask large = ~(magnitude <= largest_reduced_angle);
  if (__builtin_expect(any(large), 0)) return lanewise(x, large, result, [](double v) { return __builtin_tan(v); });
  return result;
}

// asin(s) for 0 <= s <= 1/2, z = s^2, by the polynomial of Cephes' asinf.
GM_INLINE VecFloat small_asin(VecFloat s, VecFloat z) {
  return s + s * z * polynomial(z, 1.6666752422e-1f, 7.4953002686e-2f, 4.5470025998e-2f, 2.4181311049e-2f,
                                4.2163199048e-2f);
}

// Above 1/2, pi/2 - 2 asin(sqrt((1 - x) / 2)). 2 ulp.
GM_INLINE VecFloat asin(VecFloat x) {
  const VecFloat a = absolute(x);
  const Mask large = a > 0.5f;
  const VecFloat z = select(large, (1.0f - a) * 0.5f, a * a);
  const VecFloat p = small_asin(select(large, sqrt(z), a), z);
  return with_sign(select(large, 1.57079633f - p * 2.0f, p), sign_bit(x));
}

// 2 ulp.
GM_INLINE VecFloat acos(VecFloat x) {
  const VecFloat a = absolute(x);
  const Mask large = a > 0.5f;
  const VecFloat z = select(large, (1.0f - a) * 0.5f, a * a);
  const VecFloat p = small_asin(select(large, sqrt(z), a), z);
  // pi and pi/2 carry a second part, for what their first part leaves out.
  const VecFloat outer = select(x < 0.0f, 3.14159274f - (p * 2.0f + 8.74227766e-8f), p * 2.0f);
  const VecFloat inner = 1.57079637f - (with_sign(p, sign_bit(x)) + 4.37113883e-8f);
  return select(large, outer, inner);
}

// atan of 0 <= a <= 1 by the polynomial of Cephes' atanf; above tan(pi/8) through (a - 1) / (a + 1).
GM_INLINE VecFloat unit_atan(VecFloat a) {
  const Mask large = a > 0.414213562f;
  const VecFloat t = select(large, (a - 1.0f) / (a + 1.0f), a), z = t * t;
  const VecFloat p = t + t * z * polynomial(z, -3.33329491539e-1f, 1.99777106478e-1f, -1.38776856032e-1f,
                                            8.05374449538e-2f);
  return select(large, p + 0.785398163f, p);
}

// 2.6 ulp.
GM_INLINE VecFloat atan(VecFloat x) {
  const VecFloat a = absolute(x);
  const Mask large = a > 1.0f;
  const VecFloat p = unit_atan(select(large, 1.0f / a, a));
  return with_sign(select(large, 1.57079633f - p, p), sign_bit(x));
}

// The angle of the smaller to the larger coordinate, then turned into its octant. 3 ulp.
GM_INLINE VecFloat atan2(VecFloat y, VecFloat x) {
  const VecFloat a = absolute(y), b = absolute(x);
  const Mask steep = a > b;
  const VecFloat smaller = select(steep, b, a), larger = select(steep, a, b);
  VecFloat ratio = smaller / larger;
  ratio = select(smaller == larger, 1.0f, ratio);  // also inf / inf
  ratio = select(larger == 0.0f, 0.0f, ratio);
  VecFloat angle = unit_atan(ratio);
  angle = select(steep, 1.57079633f - angle, angle);
  angle = select(bits_of(x) < VecInt(0), 3.14159265f - angle, angle);
  angle = select((x != x) | (y != y), x + y, angle);
  return with_sign(angle, sign_bit(y));
}

}  // namespace gradmill::GM_ISA_NAMESPACE
