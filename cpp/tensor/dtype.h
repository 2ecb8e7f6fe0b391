// Element types. bfloat16 and float16 are storage types: arithmetic on them happens in float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace gradmill {

enum class DType : uint8_t {
  float32, float64, bfloat16, float16, int8, int16, int32, int64, uint8, uint16, uint32, boolean
};
constexpr int dtype_count = 12;

size_t size_of(DType dtype);
const char* name_of(DType dtype);  // "float32", ..., "bool"

// Throws DTypeError naming the nearest known type.
DType dtype_from_name(const std::string& name);

bool is_float(DType dtype);
bool is_integer(DType dtype);  // bool is not an integer
bool is_half(DType dtype);     // bfloat16 and float16

// The type that holds both, as Keras promotes: floats win over integers, the wider wins, bfloat16 with float16
// gives float32, signed with unsigned gives the next wider signed type.
DType promote(DType a, DType b);

// The type that arithmetic is done in: float32 for the halves, itself otherwise.
DType arithmetic_type(DType dtype);

}  // namespace gradmill
