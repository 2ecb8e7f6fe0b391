#pragma once
// Vectors of four floats for every processor: SSE4.1 where the compiler may use it, plain lanes elsewhere.
// Included by vec.h only, inside the namespace of the level.

constexpr int vector_bytes = 16;
typedef float NativeFloat __attribute__((vector_size(16)));
typedef uint64_t NativeLong __attribute__((vector_size(16)));
typedef int32_t NativeInt __attribute__((vector_size(16)));

#ifdef __SSE4_1__
GM_INLINE NativeFloat native_sqrt(NativeFloat x) { return _mm_sqrt_ps(x); }
GM_INLINE NativeFloat native_round(NativeFloat x) {
  return _mm_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
GM_INLINE NativeFloat native_floor(NativeFloat x) { return _mm_floor_ps(x); }
GM_INLINE NativeFloat native_ceil(NativeFloat x) { return _mm_ceil_ps(x); }
GM_INLINE NativeFloat native_trunc(NativeFloat x) { return _mm_round_ps(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
// NaN stays: the instructions give their second argument then.
GM_INLINE NativeFloat native_bounded(NativeFloat x, NativeFloat low, NativeFloat high) {
  return _mm_max_ps(low, _mm_min_ps(high, x));
}
GM_INLINE bool native_any(NativeInt mask) { return _mm_movemask_ps((NativeFloat)mask) != 0; }
// The products of the low halves of each 64-bit lane.
GM_INLINE NativeLong native_multiply_low(NativeLong a, NativeLong b) {
  return (NativeLong)_mm_mul_epu32((__m128i)a, (__m128i)b);
}
#else
#define GM_LANEWISE(name, function)                              \
  GM_INLINE NativeFloat name(NativeFloat x) {                    \
    for (int lane = 0; lane < 4; ++lane) x[lane] = function(x[lane]); \
    return x;                                                    \
  }
GM_LANEWISE(native_sqrt, __builtin_sqrtf)
GM_LANEWISE(native_round, __builtin_nearbyintf)
GM_LANEWISE(native_floor, __builtin_floorf)
GM_LANEWISE(native_ceil, __builtin_ceilf)
GM_LANEWISE(native_trunc, __builtin_truncf)
#undef GM_LANEWISE
GM_INLINE NativeFloat native_bounded(NativeFloat x, NativeFloat low, NativeFloat high) {
  x = x > high ? high : x;
  return x < low ? low : x;
}
GM_INLINE bool native_any(NativeInt mask) { return (mask[0] | mask[1] | mask[2] | mask[3]) != 0; }
GM_INLINE NativeLong native_multiply_low(NativeLong a, NativeLong b) { return (a & 0xffffffff) * (b & 0xffffffff); }
#endif

GM_INLINE NativeFloat native_load_partial(const float* from, int count) {
  NativeFloat x{};
  for (int lane = 0; lane < 4; ++lane)
    if (lane < count) x[lane] = from[lane];
  return x;
}
GM_INLINE void native_store_partial(float* to, NativeFloat x, int count) {
  for (int lane = 0; lane < 4; ++lane)
    if (lane < count) to[lane] = x[lane];
}
