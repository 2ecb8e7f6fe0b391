#include "tensor/finite.h"

#include <cmath>

#include "tensor/half.h"

namespace gradmill {
namespace {

template <class T, class ToFloat>
int64_t find(const void* data, int64_t count, ToFloat to_float) {
  const T* const values = static_cast<const T*>(data);
  for (int64_t i = 0; i < count; ++i) {
    if (!std::isfinite(to_float(values[i]))) return i;
  }
  return -1;
}

}  // namespace

int64_t first_not_finite(const TensorType& type, const void* data) {
  const int64_t count = type.elements();
  switch (type.dtype) {
    case DType::float32: return find<float>(data, count, [](float value) { return value; });
    case DType::float64: return find<double>(data, count, [](double value) { return value; });
    case DType::bfloat16: return find<uint16_t>(data, count, bfloat16_to_float);
    case DType::float16: return find<uint16_t>(data, count, float16_to_float);
    default: return -1;
  }
}

}  // namespace gradmill
