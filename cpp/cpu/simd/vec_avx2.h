#pragma once
// Vectors of eight floats: AVX2 with FMA. Included by vec.h only, inside the namespace of the level.

constexpr int vector_bytes = 32;
typedef float NativeFloat __attribute__((vector_size(32)));
typedef uint64_t NativeLong __attribute__((vector_size(32)));
typedef int32_t NativeInt __attribute__((vector_size(32)));

GM_INLINE NativeFloat native_sqrt(NativeFloat x) { return _mm256_sqrt_ps(x); }
GM_INLINE NativeFloat native_round(NativeFloat x) {
  return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
GM_INLINE NativeFloat native_floor(NativeFloat x) { return _mm256_floor_ps(x); }
GM_INLINE NativeFloat native_ceil(NativeFloat x) { return _mm256_ceil_ps(x); }
GM_INLINE NativeFloat native_trunc(NativeFloat x) {
  return _mm256_round_ps(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}
// NaN stays: the instructions give their second argument then.
GM_INLINE NativeFloat native_bounded(NativeFloat x, NativeFloat low, NativeFloat high) {
  return _mm256_max_ps(low, _mm256_min_ps(high, x));
}
GM_INLINE bool native_any(NativeInt mask) { return _mm256_movemask_ps((NativeFloat)mask) != 0; }

GM_INLINE __m256i first_lanes(int count) {
  const NativeInt lanes = {0, 1, 2, 3, 4, 5, 6, 7};
  return (__m256i)(lanes < count);
}
GM_INLINE NativeFloat native_load_partial(const float* from, int count) {
  return _mm256_maskload_ps(from, first_lanes(count));
}
GM_INLINE void native_store_partial(float* to, NativeFloat x, int count) {
  _mm256_maskstore_ps(to, first_lanes(count), x);
}

// The products of the low halves of each 64-bit lane.
GM_INLINE NativeLong native_multiply_low(NativeLong a, NativeLong b) {
  return (NativeLong)_mm256_mul_epu32((__m256i)a, (__m256i)b);
}
