#pragma once
// Vectors of four floats: Advanced SIMD of 64-bit ARM. Included by vec.h only, inside the namespace of the level.

constexpr int vector_bytes = 16;
typedef float NativeFloat __attribute__((vector_size(16)));
typedef uint64_t NativeLong __attribute__((vector_size(16)));
typedef int32_t NativeInt __attribute__((vector_size(16)));

GM_INLINE NativeFloat native_sqrt(NativeFloat x) { return (NativeFloat)vsqrtq_f32((float32x4_t)x); }
GM_INLINE NativeFloat native_round(NativeFloat x) { return (NativeFloat)vrndnq_f32((float32x4_t)x); }
GM_INLINE NativeFloat native_floor(NativeFloat x) { return (NativeFloat)vrndmq_f32((float32x4_t)x); }
GM_INLINE NativeFloat native_ceil(NativeFloat x) { return (NativeFloat)vrndpq_f32((float32x4_t)x); }
GM_INLINE NativeFloat native_trunc(NativeFloat x) { return (NativeFloat)vrndq_f32((float32x4_t)x); }
GM_INLINE NativeFloat native_bounded(NativeFloat x, NativeFloat low, NativeFloat high) {
  return (NativeFloat)vmaxq_f32((float32x4_t)low, vminq_f32((float32x4_t)high, (float32x4_t)x));
}
GM_INLINE bool native_any(NativeInt mask) { return vmaxvq_u32((uint32x4_t)mask) != 0; }

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

// The products of the low halves of each 64-bit lane.
GM_INLINE NativeLong native_multiply_low(NativeLong a, NativeLong b) {
  return (NativeLong)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b));
}
