// Conversion of tiles between storage types and compute types; the rules stand in math/tile_program.h.
#include "cpu/simd/half_lanes.h"
#include "cpu/tile_kernels.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

// C++ says nothing of how a bool is stored.
struct Boolean {
  uint8_t byte;
};

template <class T> constexpr bool is_floating = T(0.5) != T(0);

// Truncates; beyond the ends of To's range gives the ends, NaN gives 0. The ends are exact or one too far in From, so
// they are compared with and never converted.
template <class To, class From> GM_INLINE To saturate(From x) {
  constexpr To least = To(1) << (sizeof(To) * 8 - 1), most = ~least;
  constexpr From low = From(least), high = -low;
  const bool inside = x >= low && x < high;
  const To whole = To(inside ? x : From(0));
  return inside ? whole : x != x ? To(0) : x < From(0) ? least : most;
}

template <class To, class From> GM_INLINE To convert_number(From x) {
  if constexpr (is_floating<From> && !is_floating<To>) {
    if constexpr (sizeof(To) == 8 || (sizeof(To) == 4 && To(-1) > To(0))) return To(saturate<int64_t>(x));
    else return To(saturate<int32_t>(x));
  } else {
    return To(x);
  }
}

template <class To, class From> struct Convert {
  static GM_INLINE To one(From x) { return convert_number<To>(x); }
};
template <class To> struct Convert<To, BFloat16> {
  static GM_INLINE To one(BFloat16 x) { return convert_number<To>(widen_bfloat16(x.bits)); }
};
template <class To> struct Convert<To, Float16> {
  static GM_INLINE To one(Float16 x) { return convert_number<To>(widen_float16(x.bits)); }
};
template <class To> struct Convert<To, Boolean> {
  static GM_INLINE To one(Boolean x) { return To(x.byte != 0); }
};
template <class From> struct Convert<BFloat16, From> {
  static GM_INLINE BFloat16 one(From x) { return {narrow_bfloat16(float(x))}; }
};
template <class From> struct Convert<Float16, From> {
  static GM_INLINE Float16 one(From x) { return {narrow_float16(float(x))}; }
};
template <class From> struct Convert<Boolean, From> {
  static GM_INLINE Boolean one(From x) { return {uint8_t(x != From(0))}; }
};

template <class T> constexpr bool is_float = false;
template <> constexpr bool is_float<float> = true;

template <class To, class From> void convert(void* to, const void* from, int64_t count) {
  To* __restrict out = static_cast<To*>(to);
  const From* __restrict in = static_cast<const From*>(from);
  if constexpr (is_float<To> && is_half_type<From>) {
    widen_row<From>(in, out, count);
  } else if constexpr (is_half_type<To> && is_float<From>) {
    narrow_row(in, out, count);
  } else {
    for (int64_t i = 0; i < count; ++i) out[i] = Convert<To, From>::one(in[i]);
  }
}

}  // namespace

// The columns follow DType.
#define GM_TILE_LOADS(T)                                                                                            \
  {convert<T, float>,   convert<T, double>,  convert<T, BFloat16>, convert<T, Float16>, convert<T, int8_t>,         \
   convert<T, int16_t>, convert<T, int32_t>, convert<T, int64_t>,  convert<T, uint8_t>, convert<T, uint16_t>,       \
   convert<T, uint32_t>, convert<T, Boolean>}
#define GM_TILE_STORES(T)                                                                                           \
  {convert<float, T>,   convert<double, T>,  convert<BFloat16, T>, convert<Float16, T>, convert<int8_t, T>,         \
   convert<int16_t, T>, convert<int32_t, T>, convert<int64_t, T>,  convert<uint8_t, T>, convert<uint16_t, T>,       \
   convert<uint32_t, T>, convert<Boolean, T>}

const TileConversion tile_loads[4][12] = {GM_TILE_LOADS(float), GM_TILE_LOADS(double), GM_TILE_LOADS(int32_t),
                                          GM_TILE_LOADS(int64_t)};
const TileConversion tile_stores[4][12] = {GM_TILE_STORES(float), GM_TILE_STORES(double), GM_TILE_STORES(int32_t),
                                           GM_TILE_STORES(int64_t)};

}  // namespace gradmill::GM_ISA_NAMESPACE
