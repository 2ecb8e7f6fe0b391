#pragma once
// Vectors of float and int32_t as wide as the instruction set of the translation unit: one text for 4, 8 and 16 lanes
// by the vector extensions of GCC and Clang. What the extensions lack (square root, rounding, partial loads) stands in
// vec_generic.h, vec_avx2.h, vec_avx512.h and vec_neon.h. Everything is always inlined, so that no symbol is left.
#include <cstdint>

#include "math/scalar_math.h"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace gradmill::GM_ISA_NAMESPACE {

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#include "cpu/simd/vec_avx512.h"
#elif defined(__AVX2__) && defined(__FMA__)
#include "cpu/simd/vec_avx2.h"
#elif defined(__aarch64__)
#include "cpu/simd/vec_neon.h"
#else
#include "cpu/simd/vec_generic.h"
#endif

constexpr int vector_lanes = vector_bytes / 4;
typedef uint32_t NativeUnsigned __attribute__((vector_size(vector_bytes)));

template <class T> struct Vec;

// The outcome of a comparison: all bits of a lane set, or none.
struct Mask {
  NativeInt bits;
  friend GM_INLINE Mask operator&(Mask a, Mask b) { return {a.bits & b.bits}; }
  friend GM_INLINE Mask operator|(Mask a, Mask b) { return {a.bits | b.bits}; }
  friend GM_INLINE Mask operator^(Mask a, Mask b) { return {a.bits ^ b.bits}; }
  friend GM_INLINE Mask operator~(Mask a) { return {~a.bits}; }
};
GM_INLINE bool any(Mask mask) { return native_any(mask.bits); }

// Sums and differences wrap around.
template <> struct Vec<int32_t> {
  NativeInt native;
  Vec() = default;
  GM_INLINE explicit Vec(NativeInt lanes) : native(lanes) {}
  GM_INLINE Vec(int32_t x) : native(x - NativeInt{}) {}
  friend GM_INLINE Vec operator+(Vec a, Vec b) {
    return Vec((NativeInt)((NativeUnsigned)a.native + (NativeUnsigned)b.native));
  }
  friend GM_INLINE Vec operator-(Vec a, Vec b) {
    return Vec((NativeInt)((NativeUnsigned)a.native - (NativeUnsigned)b.native));
  }
  friend GM_INLINE Vec operator&(Vec a, Vec b) { return Vec(a.native & b.native); }
  friend GM_INLINE Vec operator|(Vec a, Vec b) { return Vec(a.native | b.native); }
  friend GM_INLINE Vec operator^(Vec a, Vec b) { return Vec(a.native ^ b.native); }
  friend GM_INLINE Vec operator<<(Vec a, int bits) { return Vec(a.native << bits); }
  friend GM_INLINE Vec operator>>(Vec a, int bits) { return Vec(a.native >> bits); }
  friend GM_INLINE Mask operator==(Vec a, Vec b) { return {a.native == b.native}; }
  friend GM_INLINE Mask operator<(Vec a, Vec b) { return {a.native < b.native}; }
};

template <> struct Vec<float> {
  NativeFloat native;
  Vec() = default;
  GM_INLINE explicit Vec(NativeFloat lanes) : native(lanes) {}
  // x - 0 and not x + 0, which would lose the sign of -0.
  GM_INLINE Vec(float x) : native(x - NativeFloat{}) {}
  GM_INLINE Vec(double x) : Vec(float(x)) {}
  GM_INLINE Vec(int x) : Vec(float(x)) {}
  friend GM_INLINE Vec operator+(Vec a, Vec b) { return Vec(a.native + b.native); }
  friend GM_INLINE Vec operator-(Vec a, Vec b) { return Vec(a.native - b.native); }
  friend GM_INLINE Vec operator*(Vec a, Vec b) { return Vec(a.native * b.native); }
  friend GM_INLINE Vec operator/(Vec a, Vec b) { return Vec(a.native / b.native); }
  friend GM_INLINE Vec operator-(Vec a) { return Vec(-a.native); }
  friend GM_INLINE Mask operator==(Vec a, Vec b) { return {a.native == b.native}; }
  friend GM_INLINE Mask operator!=(Vec a, Vec b) { return {a.native != b.native}; }
  friend GM_INLINE Mask operator<(Vec a, Vec b) { return {a.native < b.native}; }
  friend GM_INLINE Mask operator<=(Vec a, Vec b) { return {a.native <= b.native}; }
  friend GM_INLINE Mask operator>(Vec a, Vec b) { return {a.native > b.native}; }
  friend GM_INLINE Mask operator>=(Vec a, Vec b) { return {a.native >= b.native}; }
};

GM_INLINE Vec<float> load(const float* from) {
  NativeFloat lanes;
  __builtin_memcpy(&lanes, from, sizeof lanes);
  return Vec<float>(lanes);
}
GM_INLINE void store(float* to, Vec<float> x) { __builtin_memcpy(to, &x.native, sizeof x.native); }
// The first `count` lanes, 0 < count < vector_lanes; the other lanes are 0 and memory behind is not touched.
GM_INLINE Vec<float> load_partial(const float* from, int64_t count) {
  return Vec<float>(native_load_partial(from, int(count)));
}
GM_INLINE void store_partial(float* to, Vec<float> x, int64_t count) { native_store_partial(to, x.native, int(count)); }

GM_INLINE Vec<int32_t> bits_of(Vec<float> x) { return Vec<int32_t>((NativeInt)x.native); }
GM_INLINE Vec<float> float_of(Vec<int32_t> bits) { return Vec<float>((NativeFloat)bits.native); }
GM_INLINE Vec<int32_t> to_int(Vec<float> x) { return Vec<int32_t>(__builtin_convertvector(x.native, NativeInt)); }
GM_INLINE Vec<float> to_float(Vec<int32_t> x) { return Vec<float>(__builtin_convertvector(x.native, NativeFloat)); }

GM_INLINE Vec<float> select(Mask mask, Vec<float> x1, Vec<float> x2) {
  return Vec<float>(mask.bits ? x1.native : x2.native);
}
GM_INLINE Vec<int32_t> select(Mask mask, Vec<int32_t> x1, Vec<int32_t> x2) {
  return Vec<int32_t>(mask.bits ? x1.native : x2.native);
}
template <class V> GM_INLINE Vec<float> as_number(Mask mask) {
  return float_of(Vec<int32_t>(mask.bits) & bits_of(Vec<float>(1.0f)));
}

GM_INLINE Vec<float> negate(Vec<float> x) { return -x; }
GM_INLINE Vec<float> absolute(Vec<float> x) { return float_of(bits_of(x) & 0x7fffffff); }
GM_INLINE Vec<float> add(Vec<float> x1, Vec<float> x2) { return x1 + x2; }
GM_INLINE Vec<float> subtract(Vec<float> x1, Vec<float> x2) { return x1 - x2; }
GM_INLINE Vec<float> multiply(Vec<float> x1, Vec<float> x2) { return x1 * x2; }
GM_INLINE Vec<float> sqrt(Vec<float> x) { return Vec<float>(native_sqrt(x.native)); }
// x between low and high; NaN stays NaN.
GM_INLINE Vec<float> bounded(Vec<float> x, Vec<float> low, Vec<float> high) {
  return Vec<float>(native_bounded(x.native, low.native, high.native));
}
GM_INLINE Vec<float> floor(Vec<float> x) { return Vec<float>(native_floor(x.native)); }
GM_INLINE Vec<float> ceil(Vec<float> x) { return Vec<float>(native_ceil(x.native)); }
GM_INLINE Vec<float> trunc(Vec<float> x) { return Vec<float>(native_trunc(x.native)); }
GM_INLINE Vec<float> round_half_even(Vec<float> x) { return Vec<float>(native_round(x.native)); }

// The sign bit of x, and x's sign given to a number that has none.
GM_INLINE Vec<int32_t> sign_bit(Vec<float> x) { return bits_of(x) & int32_t(0x80000000); }
GM_INLINE Vec<float> with_sign(Vec<float> magnitude, Vec<int32_t> sign) { return float_of(bits_of(magnitude) ^ sign); }

}  // namespace gradmill::GM_ISA_NAMESPACE
