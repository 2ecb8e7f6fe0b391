#pragma once
// Vectors of sixteen floats: AVX-512 (F, BW, DQ, VL). Included by vec.h only, inside the namespace of the level.

constexpr int vector_bytes = 64;
typedef float NativeFloat __attribute__((vector_size(64)));
typedef uint64_t NativeLong __attribute__((vector_size(64)));
typedef int32_t NativeInt __attribute__((vector_size(64)));

// The forms with a full mask: GCC 12 warns of an uninitialized value inside the plain ones.
constexpr __mmask16 all_lanes = 0xffff;
GM_INLINE NativeFloat native_sqrt(NativeFloat x) { return _mm512_maskz_sqrt_ps(all_lanes, x); }
GM_INLINE NativeFloat native_round(NativeFloat x) {
  return _mm512_maskz_roundscale_ps(all_lanes, x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
GM_INLINE NativeFloat native_floor(NativeFloat x) {
  return _mm512_maskz_roundscale_ps(all_lanes, x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
GM_INLINE NativeFloat native_ceil(NativeFloat x) {
  return _mm512_maskz_roundscale_ps(all_lanes, x, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
}
GM_INLINE NativeFloat native_trunc(NativeFloat x) {
  return _mm512_maskz_roundscale_ps(all_lanes, x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}
// NaN stays: the instructions give their second argument then.
GM_INLINE NativeFloat native_bounded(NativeFloat x, NativeFloat low, NativeFloat high) {
  return _mm512_maskz_max_ps(all_lanes, low, _mm512_maskz_min_ps(all_lanes, high, x));
}
GM_INLINE bool native_any(NativeInt mask) { return _mm512_movepi32_mask((__m512i)mask) != 0; }

GM_INLINE NativeFloat native_load_partial(const float* from, int count) {
  return _mm512_maskz_loadu_ps(__mmask16((1u << count) - 1), from);
}
GM_INLINE void native_store_partial(float* to, NativeFloat x, int count) {
  _mm512_mask_storeu_ps(to, __mmask16((1u << count) - 1), x);
}

// The products of the low halves of each 64-bit lane.
GM_INLINE NativeLong native_multiply_low(NativeLong a, NativeLong b) {
  return (NativeLong)_mm512_maskz_mul_epu32(0xff, (__m512i)a, (__m512i)b);
}
