#pragma once
// Rows of bfloat16 and float16 to and from float, rounding to nearest even. One text for the compiler to turn into
// vectors; processors with conversion instructions use those for float16.
#include "cpu/simd/vec.h"

namespace gradmill::GM_ISA_NAMESPACE {

GM_INLINE uint32_t lane_bits(float x) { return __builtin_bit_cast(uint32_t, x); }
GM_INLINE float lane_float(uint32_t bits) { return __builtin_bit_cast(float, bits); }

GM_INLINE float widen_bfloat16(uint16_t half) { return lane_float(uint32_t(half) << 16); }
GM_INLINE uint16_t narrow_bfloat16(float x) {
  const uint32_t bits = lane_bits(x), rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return uint16_t(x == x ? rounded : (bits >> 16) | 0x40);
}

GM_INLINE float widen_float16(uint16_t half) {
  const uint32_t sign = uint32_t(half & 0x8000) << 16, rest = uint32_t(half & 0x7fff) << 13;
  // Scaling by 2^112 moves the exponent into place and makes denormals normal.
  const uint32_t finite = lane_bits(lane_float(rest) * 0x1p112f);
  return lane_float(sign | (rest >= 0x0f800000 ? rest | 0x7f800000 : finite));
}
GM_INLINE uint16_t narrow_float16(float x) {
  const uint32_t sign = (lane_bits(x) >> 16) & 0x8000, magnitude = lane_bits(x) & 0x7fffffff;
  // A denormal result: adding 1/2 lets the processor round at the right bit.
  const uint32_t denormal = lane_bits(lane_float(magnitude) + 0.5f) - 0x3f000000;
  const uint32_t normal = (magnitude + 0xfff + ((magnitude >> 13) & 1) - 0x38000000) >> 13;
  uint32_t result = magnitude < 0x38800000 ? denormal : normal;
  result = magnitude >= 0x477ff000 ? 0x7c00 : result;
  result = magnitude > 0x7f800000 ? 0x7e00 : result;
  return uint16_t(sign | result);
}

#ifdef __F16C__
GM_INLINE int64_t widen_float16_blocks(float* to, const uint16_t* from, int64_t count) {
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
  return i;
}
GM_INLINE int64_t narrow_float16_blocks(uint16_t* to, const float* from, int64_t count) {
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT));
  return i;
}
#else
GM_INLINE int64_t widen_float16_blocks(float*, const uint16_t*, int64_t) { return 0; }
GM_INLINE int64_t narrow_float16_blocks(uint16_t*, const float*, int64_t) { return 0; }
#endif

}  // namespace gradmill::GM_ISA_NAMESPACE
