// Tensor and Variable, with Python's operators.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "bindings/convert.h"
#include "ops/build.h"
#include "ops/indexing/gather.h"

namespace gradmill {
namespace {

using BinaryBuilder = Var (*)(const Var&, const Var&);

py::object binary(BinaryBuilder build, py::handle left, py::handle right) {
  if (is_symbolic(left) || is_symbolic(right)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
  const py::handle objects[2] = {left, right};
  const Vars operands = operands_from_python(objects, 2);
  return py::cast(build(operands[0], operands[1]));
}

Var truth_or_bits(BinaryBuilder truth, BinaryBuilder bits, const Var& a, const Var& b) {
  return a.dtype() == DType::boolean && b.dtype() == DType::boolean ? truth(a, b) : bits(a, b);
}
Var and_(const Var& a, const Var& b) { return truth_or_bits(logical_and, bitwise_and, a, b); }
Var or_(const Var& a, const Var& b) { return truth_or_bits(logical_or, bitwise_or, a, b); }
Var xor_(const Var& a, const Var& b) { return truth_or_bits(logical_xor, bitwise_xor, a, b); }

// NumPy's rules for one-dimensional operands: a row in front, a column behind, and the added axis goes again.
Var matmul_like_numpy(const Var& a, const Var& b) {
  if (a.shape().rank() == 0 || b.shape().rank() == 0) throw ShapeError("matmul: scalars have no matrix product; use *");
  const bool row = a.shape().rank() == 1, column = b.shape().rank() == 1;
  const Var left = row ? reshape(a, Shape{1, a.shape()[0]}) : a;
  const Var right = column ? reshape(b, Shape{b.shape()[0], 1}) : b;
  const Var product = matmul(left, right);
  if (!row && !column) return product;
  Shape shape;
  const int rank = product.shape().rank();
  for (int i = 0; i < rank; ++i) {
    if ((row && i == rank - 2) || (column && i == rank - 1)) continue;
    shape.append(product.shape()[i]);
  }
  return reshape(product, shape);
}

// x[...] with integers, slices, None, Ellipsis and one integer tensor in first place.
Var subscript(const Var& x, py::handle index) {
  py::tuple items = py::isinstance<py::tuple>(index) ? py::reinterpret_borrow<py::tuple>(index) : py::make_tuple(index);
  const int rank = x.shape().rank();
  int consumed = 0, ellipses = 0;
  for (py::handle item : items) {
    if (item.ptr() == Py_Ellipsis) ++ellipses;
    else if (!item.is_none()) ++consumed;
  }
  if (ellipses > 1) throw ArgumentError("index: only one '...' is allowed");
  if (consumed > rank) {
    throw ArgumentError(text("index: ", consumed, " indices for a tensor of rank ", rank, " and shape ", x.shape()));
  }
  Ints starts, counts, steps;
  Shape shape;
  Var source = x;
  bool gathered = false;
  const auto whole_axis = [&] {
    const int axis = static_cast<int>(starts.size());
    starts.push_back(0);
    counts.push_back(x.shape()[axis]);
    steps.push_back(1);
    shape.append(x.shape()[axis]);
  };
  for (py::handle item : items) {
    const int axis = static_cast<int>(starts.size());
    if (item.is_none()) {
      shape.append(1);
    } else if (item.ptr() == Py_Ellipsis) {
      for (int i = consumed; i < rank; ++i) whole_axis();
    } else if (py::isinstance<py::slice>(item)) {
      py::ssize_t start, stop, step, count;
      if (!py::reinterpret_borrow<py::slice>(item).compute(x.shape()[axis], &start, &stop, &step, &count)) throw py::error_already_set();
      starts.push_back(count == 0 ? 0 : start);
      counts.push_back(count);
      steps.push_back(step);
      shape.append(count);
    } else if (PyIndex_Check(item.ptr()) && !PyBool_Check(item.ptr()) && !py::isinstance<Var>(item) &&
               !py::isinstance<Variable>(item) && !(py::isinstance<py::array>(item) && py::len(item.attr("shape")) > 0)) {
      const int64_t position = PyNumber_AsSsize_t(item.ptr(), PyExc_IndexError);
      if (PyErr_Occurred()) throw py::error_already_set();
      const int64_t size = x.shape()[axis];
      if (position < -size || position >= size) {
        throw py::index_error(text("index ", position, " is out of range for axis ", axis, " of size ", size));
      }
      starts.push_back(position < 0 ? position + size : position);
      counts.push_back(1);
      steps.push_back(1);
    } else {
      const Var indices = var_from_python(item);
      if (!is_integer(indices.dtype())) {
        throw UnsupportedError(text("index: expected integers, slices, None or an integer tensor; received a tensor of type ",
                                    indices.type(), "; use gradmill.ops.where or gradmill.ops.take"));
      }
      if (items.size() != 1) throw UnsupportedError("index: a tensor index must stand alone; use gradmill.ops.take(x, indices, axis)");
      source = emit_one(op_definition(OpId::gather), {x, indices}, Attributes::of(GatherAttributes{0}));
      gathered = true;
    }
  }
  if (gathered) return source;
  while (static_cast<int>(starts.size()) < rank) whole_axis();
  return reshape(slice(x, starts, counts, steps), shape);
}

py::object item_of(const Var& x) {
  const Tensor& tensor = x.tensor();
  if (x.type().elements() != 1) {
    throw ShapeError(text("tensor: only a tensor of one element is a Python number; received shape ", x.shape()));
  }
  if (tensor.type.dtype == DType::int64) return py::int_(*tensor.data<int64_t>());
  const double value = scalar_value(tensor);
  if (tensor.type.dtype == DType::boolean) return py::bool_(value != 0);
  if (is_float(tensor.type.dtype)) return py::float_(value);
  return py::int_(static_cast<int64_t>(value));
}

std::string repr(const Var& x) {
  if (x.in_graph()) return text("<gradmill.Tensor traced, shape=", x.shape(), ", dtype=", name_of(x.dtype()), ">");
  return text("<gradmill.Tensor shape=", x.shape(), ", dtype=", name_of(x.dtype()), ", numpy=\n",
              py::repr(numpy_from_tensor(x.tensor())).cast<std::string>(), ">");
}

py::object array_protocol(const Var& x, const py::object& dtype) {
  py::array array = numpy_from_tensor(x.tensor());
  return dtype.is_none() ? py::object(array) : array.attr("astype")(dtype);
}

// Operators and conversions are the same for both classes: a Variable acts as its value.
template <class Class>
void add_operators(Class& cls) {
  const auto add_binary = [&](const char* name, const char* reversed, BinaryBuilder build) {
    cls.def(name, [build](py::handle self, py::handle other) { return binary(build, self, other); }, py::is_operator());
    if (reversed) {
      cls.def(reversed, [build](py::handle self, py::handle other) { return binary(build, other, self); }, py::is_operator());
    }
  };
  cls.def("__eq__", [](py::handle self, py::handle other) -> py::object {
    return other.is_none() ? py::bool_(false) : binary(equal, self, other);
  }, py::is_operator());
  cls.def("__ne__", [](py::handle self, py::handle other) -> py::object {
    return other.is_none() ? py::bool_(true) : binary(not_equal, self, other);
  }, py::is_operator());
  // Keys of dictionaries and members of sets are told apart by what they are, not by their values.
  cls.def("__hash__", [](const typename Class::type& x) { return x.id(); });
  add_binary("__add__", "__radd__", add);
  add_binary("__sub__", "__rsub__", subtract);
  add_binary("__mul__", "__rmul__", multiply);
  add_binary("__truediv__", "__rtruediv__", divide);
  add_binary("__floordiv__", "__rfloordiv__", floor_divide);
  add_binary("__mod__", "__rmod__", mod);
  add_binary("__pow__", "__rpow__", power);
  add_binary("__matmul__", "__rmatmul__", matmul_like_numpy);
  add_binary("__and__", "__rand__", and_);
  add_binary("__or__", "__ror__", or_);
  add_binary("__xor__", "__rxor__", xor_);
  add_binary("__lt__", nullptr, less);
  add_binary("__le__", nullptr, less_equal);
  add_binary("__gt__", nullptr, greater);
  add_binary("__ge__", nullptr, greater_equal);
  cls.def("__neg__", [](py::handle self) { return neg(var_from_python(self)); });
  cls.def("__pos__", [](py::handle self) { return var_from_python(self); });
  cls.def("__abs__", [](py::handle self) { return abs(var_from_python(self)); });
  cls.def("__invert__", [](py::handle self) {
    const Var x = var_from_python(self);
    return x.dtype() == DType::boolean ? logical_not(x) : bitwise_not(x);
  });
  cls.def("__getitem__", [](py::handle self, py::handle index) { return subscript(var_from_python(self), index); });
  cls.def("__len__", [](py::handle self) {
    const Var x = var_from_python(self);
    if (x.shape().rank() == 0) throw py::type_error("len() of a scalar tensor");
    return x.shape()[0];
  });
  cls.def("__iter__", [](py::handle self) {
    const Var x = var_from_python(self);
    if (x.shape().rank() == 0) throw py::type_error("iteration over a scalar tensor");
    py::list items;
    for (int64_t i = 0; i < x.shape()[0]; ++i) items.append(subscript(x, py::int_(i)));
    return items.attr("__iter__")();
  });
  cls.def("__bool__", [](py::handle self) { return py::bool_(item_of(var_from_python(self))); });
  cls.def("__float__", [](py::handle self) { return py::float_(item_of(var_from_python(self))); });
  cls.def("__int__", [](py::handle self) { return py::int_(item_of(var_from_python(self))); });
  cls.def("__index__", [](py::handle self) {
    const Var x = var_from_python(self);
    if (!is_integer(x.dtype())) throw py::type_error("only an integer tensor can be an index");
    return py::int_(item_of(x));
  });
  cls.def("item", [](py::handle self) { return item_of(var_from_python(self)); }, "The one element as a Python number.");
  cls.def("numpy", [](py::handle self) { return numpy_from_tensor(var_from_python(self).tensor()); },
          "A NumPy copy of the values. Raises UnsupportedError while tracing.");
  cls.def("__array__", [](py::handle self, const py::object& dtype, const py::object&) {
    return array_protocol(var_from_python(self), dtype);
  }, py::arg("dtype") = py::none(), py::arg("copy") = py::none());
  cls.def("astype", [](py::handle self, py::handle dtype) { return cast(var_from_python(self), dtype_from_python(dtype)); },
          py::arg("dtype"), "The values in another dtype.");
  cls.def("__format__", [](py::handle self, const py::str& specification) {
    const Var x = var_from_python(self);
    if (py::len(specification) == 0 || x.type().elements() != 1 || x.in_graph()) return py::str(self);
    return py::str(item_of(x).attr("__format__")(specification));
  });
  // NumPy leaves `array + tensor` to us, and reads tensors as arrays in its own functions.
  cls.attr("__array_priority__") = 100;
}

}  // namespace

void bind_tensor(py::module_& module) {
  py::class_<Var> tensor(module, "Tensor", "An immutable dense array of one dtype, with a value or being traced.");
  tensor.def_property_readonly("shape", [](const Var& x) { return shape_to_python(x.shape()); });
  tensor.def_property_readonly("dtype", [](const Var& x) { return name_of(x.dtype()); });
  tensor.def_property_readonly("ndim", [](const Var& x) { return x.shape().rank(); });
  tensor.def_property_readonly("size", [](const Var& x) { return x.type().elements(); });
  tensor.def_property_readonly("nbytes", [](const Var& x) { return x.type().bytes(); });
  tensor.def_property_readonly("id", [](const Var& x) { return x.id(); });
  tensor.def_property_readonly("is_traced", [](const Var& x) { return x.in_graph(); });
  tensor.def("__repr__", &repr);
  add_operators(tensor);

  py::class_<Variable, VariablePointer> variable(module, "Variable", py::dynamic_attr(),
                                                 "State that outlives a step; see gradmill.Variable.");
  variable.def(py::init([](const Var& initial, std::string name, bool trainable) {
    return std::make_shared<Variable>(initial.tensor().clone(), std::move(name), trainable);
  }), py::arg("initial"), py::arg("name"), py::arg("trainable"));
  variable.def_property_readonly("shape", [](const Variable& v) { return shape_to_python(v.type().shape); });
  variable.def_property_readonly("dtype", [](const Variable& v) { return name_of(seen_dtype(v)); });
  variable.def_property("autocast", &Variable::autocast, &Variable::set_autocast);
  variable.def_property_readonly("ndim", [](const Variable& v) { return v.type().shape.rank(); });
  variable.def_property_readonly("size", [](const Variable& v) { return v.type().elements(); });
  variable.def_property_readonly("id", [](const Variable& v) { return v.id(); });
  variable.def_property("_name", [](const Variable& v) { return v.name(); }, [](Variable& v, std::string name) { v.set_name(std::move(name)); });
  variable.def_property("_trainable", [](const Variable& v) { return v.trainable(); }, [](Variable& v, bool on) { v.set_trainable(on); });
  variable.def_property_readonly("value", [](const VariablePointer& v) { return read_as_seen(v); });
  variable.def("_assign", [](const VariablePointer& v, py::handle value) {
    Var converted = cast(var_from_python(value, v->type().dtype), v->type().dtype);
    assign_variable(v, converted);
  });
  add_operators(variable);

  module.def("tensor", [](py::handle value, py::handle dtype) {
    if (dtype.is_none()) return var_from_python(value);
    const DType wanted = dtype_from_python(dtype);
    return cast(var_from_python(value, wanted), wanted);
  }, py::arg("value"), py::arg("dtype") = py::none(), "A tensor from anything array-like.");
  module.def("matmul", [](py::handle a, py::handle b) { return binary(matmul_like_numpy, a, b); });
}

}  // namespace gradmill
