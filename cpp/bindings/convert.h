// Between Python objects and Vars.
#pragma once

#include <optional>

#include "bindings/bindings.h"

namespace gradmill {

// The value of a Tensor, null for any other object. Calls of ops ask this of every operand, so it does not search pybind11's
// table of types as isinstance and cast do.
const Var* tensor_in(py::handle object);

// A Python number: it takes the dtype of the tensors beside it.
bool is_python_number(py::handle object);

// True for an object that stands for a value of a functional model being built (SymbolicTensor).
bool is_symbolic(py::handle object);

// Tensor, Variable, NumPy array, number or nested list. Numbers take `dtype` when given (an integer dtype becomes
// float32 for a float); lists of Python numbers become float32, int32 or bool; NumPy arrays keep their dtype.
// Throws DTypeError for what cannot be a tensor.
Var var_from_python(py::handle object, std::optional<DType> dtype = std::nullopt);

// Converts several operands of one op: numbers take the common dtype of the others.
Vars operands_from_python(const py::handle* objects, size_t count);

// A copy of a NumPy array of any layout as a dense tensor. Throws DTypeError for unsupported dtypes.
Tensor tensor_from_numpy(const py::array& array);
// A NumPy copy; bfloat16 comes as float32, which NumPy has.
py::array numpy_from_tensor(const Tensor& tensor);

// "float32", numpy.float32, numpy.dtype("float32"), Python's float, int, bool.
DType dtype_from_python(py::handle object);
py::dtype numpy_dtype(DType dtype);
std::optional<DType> dtype_of_numpy(const py::dtype& dtype);

py::tuple shape_to_python(const Shape& shape);

}  // namespace gradmill
