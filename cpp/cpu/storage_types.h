#pragma once
// From element types known at run time to the C types of templates.
#include "math/scalar_math.h"
#include "tensor/dtype.h"

// One instance of a function template for every DType, in their order. bool is stored as 0 or 1 in a uint8_t.
// bfloat16 and float16 have none: values of these types are widened before they reach arithmetic.
#define GM_TABLE_BY_DTYPE(function)                                                                       \
  {function<float>,   function<double>,  nullptr,           nullptr,            function<int8_t>,         \
   function<int16_t>, function<int32_t>, function<int64_t>, function<uint8_t>, function<uint16_t>,        \
   function<uint32_t>, function<uint8_t>}

// The same for code that only moves elements: all types of one size share one instance.
#define GM_SELECT_BY_SIZE(function, bytes)                                          \
  ((bytes) == 1 ? function<uint8_t> : (bytes) == 2 ? function<uint16_t>             \
   : (bytes) == 4 ? function<uint32_t> : function<uint64_t>)

namespace gradmill::GM_ISA_NAMESPACE {

// Element i of a buffer of any integer type (or bool).
GM_INLINE int64_t read_integer(const void* data, DType dtype, int64_t i) {
  switch (dtype) {
    case DType::int32: return static_cast<const int32_t*>(data)[i];
    case DType::int64: return static_cast<const int64_t*>(data)[i];
    case DType::int8: return static_cast<const int8_t*>(data)[i];
    case DType::int16: return static_cast<const int16_t*>(data)[i];
    case DType::uint16: return static_cast<const uint16_t*>(data)[i];
    case DType::uint32: return static_cast<const uint32_t*>(data)[i];
    default: return static_cast<const uint8_t*>(data)[i];
  }
}

// The bits of what stands for a missing element: NaN, or 0 for integers.
static inline uint64_t missing_bits(DType dtype) {
  switch (dtype) {
    case DType::float32: return 0x7fc00000;
    case DType::float64: return 0x7ff8000000000000;
    case DType::bfloat16: return 0x7fc0;
    case DType::float16: return 0x7e00;
    default: return 0;
  }
}

}  // namespace gradmill::GM_ISA_NAMESPACE
