#pragma once
// Rows of bfloat16 and float16 to and from float, rounding to nearest even. One text for the compiler to turn into
// vectors; processors with conversion instructions use those for float16.
#include "cpu/simd/vec.h"

namespace gradmill::GM_ISA_NAMESPACE {

// Storage types that C++ has no type for.
struct BFloat16 {
  uint16_t bits;
};
struct Float16 {
  uint16_t bits;
};
template <class T> constexpr bool is_half_type = false;
template <> constexpr bool is_half_type<BFloat16> = true;
template <> constexpr bool is_half_type<Float16> = true;

GM_INLINE uint32_t lane_bits(float x) { return __builtin_bit_cast(uint32_t, x); }
GM_INLINE float lane_float(uint32_t bits) { return __builtin_bit_cast(float, bits); }

GM_INLINE float widen_bfloat16(uint16_t half) { return lane_float(uint32_t(half) << 16); }
GM_INLINE uint16_t narrow_bfloat16(float x) {
  const uint32_t bits = lane_bits(x), rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return uint16_t(x == x ? rounded : (bits >> 16) | 0x40);
}

GM_INLINE float widen_float16(uint16_t half) {
  const uint32_t sign = uint32_t(half & 0x8000) << 16, rest = uint32_t(half & 0x7fff) << 13;
  // A denormal number becomes a normal one of the exponent above less its leading bit: no denormal float is ever read,
  // which workers take for zero.
  const uint32_t denormal = lane_bits(lane_float(rest + 0x38800000) - 0x1p-14f);
  const uint32_t finite = rest < 0x00800000 ? denormal : rest + 0x38000000;
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

GM_INLINE float widen(float x) { return x; }
GM_INLINE double widen(double x) { return x; }
GM_INLINE float widen(BFloat16 x) { return widen_bfloat16(x.bits); }
GM_INLINE float widen(Float16 x) { return widen_float16(x.bits); }
GM_INLINE void narrow(float* to, float x) { *to = x; }
GM_INLINE void narrow(double* to, double x) { *to = x; }
GM_INLINE void narrow(BFloat16* to, float x) { to->bits = narrow_bfloat16(x); }
GM_INLINE void narrow(Float16* to, float x) { to->bits = narrow_float16(x); }

// Whole vectors, and the first lanes of one: 0 < count < vector_lanes.
typedef uint16_t NativeHalves __attribute__((vector_size(vector_bytes / 2)));

// Between lanes of 16 bits and the same as lower halves of lanes of 32. Compilers take some instructions more for it.
GM_INLINE NativeUnsigned spread(NativeHalves lanes) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  return (NativeUnsigned)_mm256_cvtepu16_epi32((__m128i)lanes);
#else
  return __builtin_convertvector(lanes, NativeUnsigned);
#endif
}
GM_INLINE NativeHalves lower_halves(NativeUnsigned lanes) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  const __m256i all = (__m256i)lanes;
  return (NativeHalves)_mm_packus_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
#else
  return __builtin_convertvector(lanes, NativeHalves);
#endif
}

// The upper 16 bits are the rounded number.
GM_INLINE NativeUnsigned rounded_bfloat16_bits(Vec<float> x) {
  const NativeUnsigned bits = (NativeUnsigned)x.native, rounded = bits + 0x7fff + ((bits >> 16) & 1);
#if defined(__AVX2__) && !defined(__AVX512F__)
  const __m256 number = (__m256)x.native, is_nan = _mm256_cmp_ps(number, number, _CMP_UNORD_Q);
  return (NativeUnsigned)_mm256_blendv_ps((__m256)rounded, (__m256)(bits | 0x400000), is_nan);
#else
  const NativeUnsigned kept = (NativeUnsigned)(x == x).bits;
  return (rounded & kept) | ((bits | 0x400000) & ~kept);
#endif
}

GM_INLINE Vec<float> load(const BFloat16* from) {
  NativeHalves lanes;
  __builtin_memcpy(&lanes, from, sizeof lanes);
  return Vec<float>((NativeFloat)(spread(lanes) << 16));
}
GM_INLINE void store(BFloat16* to, Vec<float> x) {
  const NativeHalves lanes = lower_halves(rounded_bfloat16_bits(x) >> 16);
  __builtin_memcpy(to, &lanes, sizeof lanes);
}
GM_INLINE Vec<float> load(const Float16* from) {
  float lanes[vector_lanes];
  int64_t done = widen_float16_blocks(lanes, &from->bits, vector_lanes);
  for (; done < vector_lanes; ++done) lanes[done] = widen(from[done]);
  return load(lanes);
}
GM_INLINE void store(Float16* to, Vec<float> x) {
  float lanes[vector_lanes];
  store(lanes, x);
  int64_t done = narrow_float16_blocks(&to->bits, lanes, vector_lanes);
  for (; done < vector_lanes; ++done) narrow(to + done, lanes[done]);
}
template <class Half, class = decltype(Half::bits)>
GM_INLINE Vec<float> load_partial(const Half* from, int64_t count) {
  NativeFloat lanes{};
  for (int64_t i = 0; i < count; ++i) lanes[i] = widen(from[i]);
  return Vec<float>(lanes);
}
template <class Half, class = decltype(Half::bits)>
GM_INLINE void store_partial(Half* to, Vec<float> x, int64_t count) {
  for (int64_t i = 0; i < count; ++i) narrow(to + i, x.native[i]);
}

// What is left of x once it has been stored as Half.
GM_INLINE Vec<float> rounded_to(BFloat16, Vec<float> x) {
  return Vec<float>((NativeFloat)(rounded_bfloat16_bits(x) & 0xffff0000u));
}
GM_INLINE Vec<float> rounded_to(Float16, Vec<float> x) {
#if defined(__F16C__) && !defined(__AVX512F__)
  return Vec<float>((NativeFloat)_mm256_cvtph_ps(_mm256_cvtps_ph((__m256)x.native, _MM_FROUND_TO_NEAREST_INT)));
#else
  Float16 halves[vector_lanes];
  store(halves, x);
  return load(halves);
#endif
}

// Rows that are stored as Half, or as float and count as rounded to it.
template <class Half>
GM_INLINE void widen_row(const Half* from, float* to, int64_t count) {
  int64_t i = 0;
  for (; i + vector_lanes <= count; i += vector_lanes) store(to + i, load(from + i));
  for (; i < count; ++i) to[i] = widen(from[i]);
}
template <class Half>
GM_INLINE void widen_row(const float* from, float* to, int64_t count) {
  int64_t i = 0;
  for (; i + vector_lanes <= count; i += vector_lanes) store(to + i, rounded_to(Half{}, load(from + i)));
  for (; i < count; ++i) {
    Half half;
    narrow(&half, from[i]);
    to[i] = widen(half);
  }
}
template <class Half>
GM_INLINE void narrow_row(const float* from, Half* to, int64_t count) {
  int64_t i = 0;
  for (; i + vector_lanes <= count; i += vector_lanes) store(to + i, load(from + i));
  for (; i < count; ++i) narrow(to + i, from[i]);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
