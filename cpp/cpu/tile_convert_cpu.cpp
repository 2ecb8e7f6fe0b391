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

template <class To, class From> void convert(void* to, const void* from, int64_t count) {
  To* __restrict out = static_cast<To*>(to);
  const From* __restrict in = static_cast<const From*>(from);
  for (int64_t i = 0; i < count; ++i) out[i] = Convert<To, From>::one(in[i]);
}

void float_of_float16(void* to, const void* from, int64_t count) {
  const int64_t done = widen_float16_blocks(static_cast<float*>(to), static_cast<const uint16_t*>(from), count);
  convert<float, Float16>(static_cast<float*>(to) + done, static_cast<const uint16_t*>(from) + done, count - done);
}
void float16_of_float(void* to, const void* from, int64_t count) {
  const int64_t done = narrow_float16_blocks(static_cast<uint16_t*>(to), static_cast<const float*>(from), count);
  convert<Float16, float>(static_cast<uint16_t*>(to) + done, static_cast<const float*>(from) + done, count - done);
}

}  // namespace

// The columns follow DType.
#define GM_TILE_LOADS(T, half)                                                                                      \
  {convert<T, float>,   convert<T, double>,  convert<T, BFloat16>, half,                convert<T, int8_t>,         \
   convert<T, int16_t>, convert<T, int32_t>, convert<T, int64_t>,  convert<T, uint8_t>, convert<T, uint16_t>,       \
   convert<T, uint32_t>, convert<T, Boolean>}
#define GM_TILE_STORES(T, half)                                                                                     \
  {convert<float, T>,   convert<double, T>,  convert<BFloat16, T>, half,                convert<int8_t, T>,         \
   convert<int16_t, T>, convert<int32_t, T>, convert<int64_t, T>,  convert<uint8_t, T>, convert<uint16_t, T>,       \
   convert<uint32_t, T>, convert<Boolean, T>}

const TileConversion tile_loads[4][12] = {
    GM_TILE_LOADS(float, float_of_float16), GM_TILE_LOADS(double, (convert<double, Float16>)),
    GM_TILE_LOADS(int32_t, (convert<int32_t, Float16>)), GM_TILE_LOADS(int64_t, (convert<int64_t, Float16>))};
const TileConversion tile_stores[4][12] = {
    GM_TILE_STORES(float, float16_of_float), GM_TILE_STORES(double, (convert<Float16, double>)),
    GM_TILE_STORES(int32_t, (convert<Float16, int32_t>)), GM_TILE_STORES(int64_t, (convert<Float16, int64_t>))};

}  // namespace gradmill::GM_ISA_NAMESPACE
