// The element types that weight files hold, and their form in HDF5.
#pragma once

#include "io/hdf5_handle.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace gradmill {

// bfloat16 is known to no released HDF5 as such: Keras writes two opaque bytes and an attribute dtype="bfloat16";
// other writers define a float of that layout. Both are read; the first is written.
enum class ElementType : uint8_t {
  float16, float32, float64, bfloat16, int8, int16, int32, int64, uint8, uint16, uint32, uint64, boolean
};
constexpr int element_type_count = 13;

size_t size_of(ElementType type);
const char* name_of(ElementType type);

// Throws ArgumentError for a name that is no ElementType.
ElementType element_type_from_name(const std::string& name);

// The type that the file's `type` is, in either byte order. False when it is something else.
bool recognize_element_type(hid_t type, ElementType& found);

// The type in which values are handed to the caller (this machine's byte order) or written to a file.
// The booleans of h5py are an enumeration {FALSE = 0, TRUE = 1} over one byte.
Hdf5Handle memory_type(ElementType type);

}  // namespace gradmill
