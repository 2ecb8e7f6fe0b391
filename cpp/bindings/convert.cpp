#include "bindings/convert.h"

#include <cstring>

#include "base/error.h"
#include "ops/build.h"
#include "registry/input_conversion.h"
#include "tensor/half.h"

namespace gradmill {
namespace {

// What Python numbers become when no tensor stands beside them (gradmill.config.floatx for floats).
DType default_type(py::handle number) {
  if (PyBool_Check(number.ptr())) return DType::boolean;
  return PyFloat_Check(number.ptr()) ? default_float() : DType::int32;
}

Var number_to_var(py::handle object, DType dtype) {
  if (PyFloat_Check(object.ptr())) return Var(Tensor::scalar(PyFloat_AS_DOUBLE(object.ptr()), dtype));
  if (is_float(dtype)) return Var(Tensor::scalar(PyLong_AsDouble(object.ptr()), dtype));
  int overflow = 0;
  const int64_t integer = PyLong_AsLongLongAndOverflow(object.ptr(), &overflow);
  if (overflow) throw ArgumentError("number: the integer does not fit into 64 bits");
  Tensor result = Tensor::scalar(static_cast<double>(integer), dtype);
  if (dtype == DType::int64) *result.data<int64_t>() = integer;
  return Var(result);
}

DType type_beside(py::handle number, DType dtype) {
  if (PyBool_Check(number.ptr()) || is_float(dtype)) return dtype;
  if (PyFloat_Check(number.ptr())) return default_float();
  return dtype == DType::boolean ? DType::int32 : dtype;
}

}  // namespace

const Var* tensor_in(py::handle object) {
  static PyTypeObject* const type = reinterpret_cast<PyTypeObject*>(py::type::of<Var>().release().ptr());
  if (Py_TYPE(object.ptr()) != type) return nullptr;
  return static_cast<const Var*>(
      reinterpret_cast<py::detail::instance*>(object.ptr())->get_value_and_holder().value_ptr());
}

bool is_python_number(py::handle object) {
  return PyFloat_Check(object.ptr()) || PyLong_Check(object.ptr());  // bool is a long
}

bool is_symbolic(py::handle object) {
  // These are no symbolic tensors, and looking an attribute up that is not there is slow: it makes an exception.
  static PyTypeObject* const variable = reinterpret_cast<PyTypeObject*>(py::type::of<Variable>().release().ptr());
  if (tensor_in(object) || is_python_number(object) || object.is_none() || PyList_Check(object.ptr()) ||
      PyTuple_Check(object.ptr()) || PyUnicode_Check(object.ptr()) || PyObject_TypeCheck(object.ptr(), variable)) {
    return false;
  }
  static PyObject* const marker = PyUnicode_InternFromString("_gradmill_symbolic_");
  PyObject* const type = reinterpret_cast<PyObject*>(Py_TYPE(object.ptr()));
  PyObject* const found = PyObject_GetAttr(type, marker);
  if (!found) {
    PyErr_Clear();
    return false;
  }
  Py_DECREF(found);
  return true;
}

std::optional<DType> dtype_of_numpy(const py::dtype& dtype) {
  switch (dtype.kind()) {
    case 'f':
      if (dtype.itemsize() == 4) return DType::float32;
      if (dtype.itemsize() == 8) return DType::float64;
      if (dtype.itemsize() == 2) return DType::float16;
      return std::nullopt;
    case 'i':
      return dtype.itemsize() == 1 ? DType::int8 : dtype.itemsize() == 2 ? DType::int16
             : dtype.itemsize() == 4 ? DType::int32 : DType::int64;
    case 'u':
      if (dtype.itemsize() == 8) return std::nullopt;
      return dtype.itemsize() == 1 ? DType::uint8 : dtype.itemsize() == 2 ? DType::uint16 : DType::uint32;
    case 'b': return DType::boolean;
    default: return std::nullopt;
  }
}

py::dtype numpy_dtype(DType dtype) {
  return py::dtype(dtype == DType::bfloat16 ? "float32" : name_of(dtype));
}

DType dtype_from_python(py::handle object) {
  if (py::isinstance<py::str>(object)) return dtype_from_name(object.cast<std::string>());
  if (object.ptr() == reinterpret_cast<PyObject*>(&PyFloat_Type)) return default_float();
  if (object.ptr() == reinterpret_cast<PyObject*>(&PyLong_Type)) return DType::int32;
  if (object.ptr() == reinterpret_cast<PyObject*>(&PyBool_Type)) return DType::boolean;
  if (py::hasattr(object, "name")) return dtype_from_name(py::str(object.attr("name")).cast<std::string>());
  if (py::hasattr(object, "__name__")) return dtype_from_name(py::str(object.attr("__name__")).cast<std::string>());
  throw DTypeError(text("dtype: expected a name such as 'float32'; received ", py::repr(object).cast<std::string>()));
}

Tensor tensor_from_numpy(const py::array& array) {
  const auto dtype = dtype_of_numpy(array.dtype());
  if (!dtype) {
    throw DTypeError(text("tensor: NumPy arrays of dtype ", py::str(array.dtype()).cast<std::string>(),
                          " are not supported; convert with astype, for example to float32 or int64"));
  }
  Shape shape;
  for (py::ssize_t i = 0; i < array.ndim(); ++i) shape.append(array.shape(i));
  Tensor tensor = Tensor::empty({*dtype, shape});
  const char order = array.dtype().byteorder();
  if ((array.flags() & py::array::c_style) && (order == '=' || order == '|')) {
    std::memcpy(tensor.raw(), array.data(), tensor.type.bytes());
    return tensor;
  }
  // A view of our memory, filled by NumPy: it knows every layout and byte order.
  std::vector<py::ssize_t> dims(shape.begin(), shape.end());
  py::array target(numpy_dtype(*dtype), dims, tensor.raw(), py::capsule(tensor.raw(), [](void*) {}));
  py::module_::import("numpy").attr("copyto")(target, array);
  return tensor;
}

py::array numpy_from_tensor(const Tensor& tensor) {
  std::vector<py::ssize_t> dims(tensor.type.shape.begin(), tensor.type.shape.end());
  py::array result(numpy_dtype(tensor.type.dtype), dims);
  if (tensor.type.dtype == DType::bfloat16) {
    float* target = static_cast<float*>(result.mutable_data());
    for (int64_t i = 0; i < tensor.type.elements(); ++i) target[i] = bfloat16_to_float(tensor.data<uint16_t>()[i]);
  } else {
    std::memcpy(result.mutable_data(), tensor.raw(), tensor.type.bytes());
  }
  return result;
}

Var var_from_python(py::handle object, std::optional<DType> dtype) {
  if (const Var* tensor = tensor_in(object)) return *tensor;
  if (py::isinstance<Variable>(object)) return read_as_seen(object.cast<VariablePointer>());
  if (is_python_number(object)) return number_to_var(object, dtype ? type_beside(object, *dtype) : default_type(object));
  if (py::isinstance<py::array>(object)) return Var(tensor_from_numpy(py::reinterpret_borrow<py::array>(object)));
  if (is_symbolic(object)) {
    throw UnsupportedError("tensor: a symbolic tensor of a functional model has no value; call a layer or an op on it");
  }
  const bool is_sequence = py::isinstance<py::list>(object) || py::isinstance<py::tuple>(object);
  if (is_sequence) {
    for (py::handle item : object) {  // lists of tensors are stacked
      if (!py::isinstance<Var>(item) && !py::isinstance<Variable>(item)) continue;
      Vars parts;
      for (py::handle part : object) {
        const Var value = var_from_python(part);
        Shape shape;
        shape.append(1);
        for (int64_t size : value.shape()) shape.append(size);
        parts.push_back(reshape(value, shape));
      }
      return concatenate(parts, 0);
    }
  }
  if (object.is_none()) throw ArgumentError("tensor: expected a tensor, an array or a number; received None");
  py::array array;
  try {
    array = py::array::ensure(object);
  } catch (py::error_already_set&) {
    PyErr_Clear();
  }
  if (!array || !dtype_of_numpy(array.dtype())) {
    PyErr_Clear();
    throw DTypeError(text("tensor: expected a tensor, an array, a number or a regular nested list; received ",
                          py::str(py::type::handle_of(object).attr("__name__")).cast<std::string>(), " ",
                          py::repr(object).cast<std::string>().substr(0, 80)));
  }
  const Var var{tensor_from_numpy(array)};
  if (is_sequence && array.dtype().kind() == 'f') return cast(var, default_float());
  if (is_sequence && array.dtype().kind() == 'i') return cast(var, DType::int32);
  return var;
}

Vars operands_from_python(const py::handle* objects, size_t count) {
  Vars result(count);
  std::optional<DType> common;
  bool numbers = false;
  for (size_t i = 0; i < count; ++i) {
    if (is_python_number(objects[i])) {
      numbers = true;
      continue;
    }
    result[i] = var_from_python(objects[i]);
    common = common ? promote(*common, result[i].dtype()) : result[i].dtype();
  }
  for (size_t i = 0; numbers && i < count; ++i) {
    if (!result[i]) result[i] = var_from_python(objects[i], common);
  }
  return result;
}

py::tuple shape_to_python(const Shape& shape) {
  py::tuple result(shape.rank());
  for (int i = 0; i < shape.rank(); ++i) result[i] = shape[i];
  return result;
}

}  // namespace gradmill
