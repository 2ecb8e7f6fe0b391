#include "tensor/dtype.h"

#include "base/error.h"
#include "base/nearest.h"

namespace gradmill {
namespace {

struct Facts {
  const char* name;
  size_t size;
};

constexpr Facts facts[dtype_count] = {{"float32", 4}, {"float64", 8}, {"bfloat16", 2}, {"float16", 2},
                                      {"int8", 1},    {"int16", 2},   {"int32", 4},    {"int64", 8},
                                      {"uint8", 1},   {"uint16", 2},  {"uint32", 4},   {"bool", 1}};

bool is_unsigned(DType dtype) { return dtype >= DType::uint8 && dtype <= DType::uint32; }

DType signed_of_size(size_t size) {
  return size <= 1 ? DType::int8 : size == 2 ? DType::int16 : size == 4 ? DType::int32 : DType::int64;
}

}  // namespace

size_t size_of(DType dtype) { return facts[static_cast<int>(dtype)].size; }
const char* name_of(DType dtype) { return facts[static_cast<int>(dtype)].name; }

DType dtype_from_name(const std::string& name) {
  std::vector<std::string> known;
  for (int i = 0; i < dtype_count; ++i) {
    if (name == facts[i].name) return static_cast<DType>(i);
    known.emplace_back(facts[i].name);
  }
  throw DTypeError(text("dtype: unknown type '", name, "'", did_you_mean(name, known)));
}

bool is_float(DType dtype) { return dtype <= DType::float16; }
bool is_half(DType dtype) { return dtype == DType::bfloat16 || dtype == DType::float16; }
bool is_integer(DType dtype) { return dtype >= DType::int8 && dtype <= DType::uint32; }

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (a == DType::boolean) return b;
  if (b == DType::boolean) return a;
  if (is_float(a) != is_float(b)) return is_float(a) ? a : b;
  if (is_float(a)) {
    if (size_of(a) == size_of(b)) return DType::float32;
    return size_of(a) > size_of(b) ? a : b;
  }
  if (is_unsigned(a) == is_unsigned(b)) return size_of(a) > size_of(b) ? a : b;
  const DType signed_one = is_unsigned(a) ? b : a, unsigned_one = is_unsigned(a) ? a : b;
  return size_of(signed_one) > size_of(unsigned_one) ? signed_one : signed_of_size(2 * size_of(unsigned_one));
}

DType arithmetic_type(DType dtype) { return is_half(dtype) ? DType::float32 : dtype; }

}  // namespace gradmill
