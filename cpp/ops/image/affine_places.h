#pragma once
// Where affine_sample takes a pixel from, and what lies outside an image.
#include "math/scalar_math.h"

namespace gradmill::GM_ISA_NAMESPACE {

enum AffineFill { fill_constant, fill_nearest, fill_wrap, fill_mirror, fill_reflect };

// -1 for names that are none.
static inline int affine_method(const char* name) {
  return __builtin_strcmp(name, "nearest") == 0 ? 0 : __builtin_strcmp(name, "bilinear") == 0 ? 1 : -1;
}
static inline int affine_fill(const char* name) {
  const char* const names[] = {"constant", "nearest", "wrap", "mirror", "reflect"};
  for (int i = 0; i < 5; ++i) {
    if (__builtin_strcmp(name, names[i]) == 0) return i;
  }
  return -1;
}

// The place inside 0 .. size - 1 that stands for place i, or -1 for the constant.
GM_INLINE int64_t folded_place(int64_t i, int64_t size, int fill) {
  if (i >= 0 && i < size) return i;
  if (fill == fill_constant) return -1;
  if (fill == fill_nearest || size == 1) return i < 0 ? 0 : size - 1;
  const int64_t period = fill == fill_wrap ? size : fill == fill_mirror ? 2 * size - 2 : 2 * size;
  i %= period;
  if (i < 0) i += period;
  if (i < size) return i;
  return fill == fill_mirror ? period - i : period - 1 - i;
}

// A whole number from a position that may be anything.
GM_INLINE int64_t whole(double position) {
  return static_cast<int64_t>(position > -1e15 ? position < 1e15 ? position : 1e15 : -1e15);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
