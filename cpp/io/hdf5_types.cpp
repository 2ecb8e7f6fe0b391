#include "io/hdf5_types.h"

#include "base/error.h"

namespace gradmill {

namespace {

struct TypeRow {
  ElementType type;
  const char* name;
  size_t size;
};

constexpr TypeRow rows[element_type_count] = {
    {ElementType::float16, "float16", 2}, {ElementType::float32, "float32", 4}, {ElementType::float64, "float64", 8},
    {ElementType::bfloat16, "bfloat16", 2}, {ElementType::int8, "int8", 1}, {ElementType::int16, "int16", 2},
    {ElementType::int32, "int32", 4}, {ElementType::int64, "int64", 8}, {ElementType::uint8, "uint8", 1},
    {ElementType::uint16, "uint16", 2}, {ElementType::uint32, "uint32", 4}, {ElementType::uint64, "uint64", 8},
    {ElementType::boolean, "bool", 1},
};

const TypeRow& row_of(ElementType type) { return rows[static_cast<int>(type)]; }

// Makes a float type from IEEE's by moving its fields; HDF5 1.10 has neither half nor brain float built in.
Hdf5Handle small_float(size_t exponent_bits, size_t mantissa_bits, size_t bias) {
  Hdf5Handle type(H5Tcopy(H5T_NATIVE_FLOAT), H5Tclose);
  H5Tset_fields(type.get(), 15, mantissa_bits, exponent_bits, 0, mantissa_bits);
  H5Tset_size(type.get(), 2);
  H5Tset_ebias(type.get(), bias);
  return type;
}

Hdf5Handle half_float() { return small_float(5, 10, 15); }
Hdf5Handle brain_float() { return small_float(8, 7, 127); }

Hdf5Handle boolean_enumeration() {
  Hdf5Handle type(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
  int8_t value = 0;
  H5Tenum_insert(type.get(), "FALSE", &value);
  value = 1;
  H5Tenum_insert(type.get(), "TRUE", &value);
  return type;
}

// `type` equals `native` in this or the other byte order.
bool same_but_for_order(hid_t type, hid_t native) {
  if (H5Tequal(type, native) > 0) {
    return true;
  }
  Hdf5Handle swapped(H5Tcopy(native), H5Tclose);
  H5Tset_order(swapped.get(), H5Tget_order(native) == H5T_ORDER_LE ? H5T_ORDER_BE : H5T_ORDER_LE);
  return H5Tequal(type, swapped.get()) > 0;
}

hid_t standard_type(ElementType type) {
  switch (type) {
    case ElementType::float32: return H5T_NATIVE_FLOAT;
    case ElementType::float64: return H5T_NATIVE_DOUBLE;
    case ElementType::int8: return H5T_NATIVE_INT8;
    case ElementType::int16: return H5T_NATIVE_INT16;
    case ElementType::int32: return H5T_NATIVE_INT32;
    case ElementType::int64: return H5T_NATIVE_INT64;
    case ElementType::uint8: return H5T_NATIVE_UINT8;
    case ElementType::uint16: return H5T_NATIVE_UINT16;
    case ElementType::uint32: return H5T_NATIVE_UINT32;
    case ElementType::uint64: return H5T_NATIVE_UINT64;
    default: return H5I_INVALID_HID;
  }
}

}  // namespace

size_t size_of(ElementType type) { return row_of(type).size; }

const char* name_of(ElementType type) { return row_of(type).name; }

ElementType element_type_from_name(const std::string& name) {
  for (const TypeRow& row : rows) {
    if (name == row.name) {
      return row.type;
    }
  }
  std::string known;
  for (const TypeRow& row : rows) {
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw ArgumentError(text("hdf5: expected an element type among ", known, "; received \"", name,
                           "\"; convert the array first"));
}

bool recognize_element_type(hid_t type, ElementType& found) {
  switch (H5Tget_class(type)) {
    case H5T_OPAQUE:
      found = ElementType::bfloat16;
      return H5Tget_size(type) == 2;
    case H5T_ENUM:
      found = ElementType::boolean;
      return H5Tequal(type, boolean_enumeration().get()) > 0;
    case H5T_INTEGER:
    case H5T_FLOAT:
      break;
    default:
      return false;
  }
  for (const TypeRow& row : rows) {
    hid_t native = standard_type(row.type);
    if (native >= 0 && same_but_for_order(type, native)) {
      found = row.type;
      return true;
    }
  }
  if (same_but_for_order(type, half_float().get())) {
    found = ElementType::float16;
    return true;
  }
  // Read without conversion, so only in this machine's byte order.
  found = ElementType::bfloat16;
  return H5Tequal(type, brain_float().get()) > 0;
}

Hdf5Handle memory_type(ElementType type) {
  if (type == ElementType::float16) {
    return half_float();
  }
  if (type == ElementType::boolean) {
    return boolean_enumeration();
  }
  if (type == ElementType::bfloat16) {
    Hdf5Handle opaque(H5Tcreate(H5T_OPAQUE, 2), H5Tclose);
    H5Tset_tag(opaque.get(), "");
    return opaque;
  }
  return Hdf5Handle(H5Tcopy(standard_type(type)), H5Tclose);
}

}  // namespace gradmill
