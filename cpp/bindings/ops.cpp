// One Python function for each row of the catalogue, made from its signature.
#include "base/error.h"
#include "base/nearest.h"
#include "bindings/convert.h"
#include "registry/emitter.h"
#include "registry/input_conversion.h"
#include "registry/registry.h"

namespace gradmill {
namespace {

// Called with (function, args, kwargs) when an argument is symbolic; set by gradmill.symbolic.
// Leaked on purpose: it must not be destroyed after the interpreter.
py::object& symbolic_handler = *new py::object();

AttributeValue attribute_from_python(py::handle object, const AttributeValue& like, const OpDef& op, const std::string& name) {
  try {
    if (std::holds_alternative<bool>(like)) return static_cast<bool>(py::bool_(py::reinterpret_borrow<py::object>(object)));
    if (std::holds_alternative<int64_t>(like)) return object.cast<int64_t>();
    if (std::holds_alternative<double>(like)) return object.cast<double>();
    if (std::holds_alternative<std::string>(like)) return object.cast<std::string>();
    if (std::holds_alternative<DType>(like)) return dtype_from_python(object);
    if (std::holds_alternative<Ints>(like)) {
      if (object.is_none()) return Ints();
      return PyIndex_Check(object.ptr()) ? Ints{object.cast<int64_t>()} : object.cast<Ints>();
    }
  } catch (const py::cast_error&) {
  }
  throw ArgumentError(text("argument '", op.name(), ".", name, "': received ", py::repr(object).cast<std::string>(),
                           "; expected a value like ", to_string(like)));
}

Attributes attributes_from_python(const OpDef& op, const std::vector<std::pair<std::string, py::handle>>& given) {
  const AttributeSchema& schema = op.signature.schema();
  if (given.empty()) return {};
  const std::shared_ptr<void> data = schema.copy ? schema.copy(schema.defaults.get()) : nullptr;
  for (const auto& [name, object] : given) {
    const AttributeField* field = schema.find(name);
    if (!field) {
      std::vector<std::string> known;
      for (const auto& candidate : schema.fields) known.push_back(candidate.name);
      throw ArgumentError(text(op.name(), ": unknown argument '", name, "'", did_you_mean(name, known)));
    }
    field->set(data.get(), attribute_from_python(object, field->get(data.get()), op, name));
  }
  return Attributes(&schema, data);
}

struct OpFunction {
  const OpDef* op;
  PyMethodDef method;
  std::string name, documentation;
};

// The op as what it is made of, though it may have a kernel.
Vars emit_decomposed(const OpDef& op, const Vars& given, const Attributes& attributes) {
  if (!op.decompose) throw UnsupportedError(text(op.name(), ": the op has no decomposition"));
  const AttributeSchema& schema = op.signature.schema();
  const Attributes described = attributes.data() ? attributes : Attributes(&schema, schema.defaults);
  const Vars inputs = converted_inputs(op, given);
  std::vector<TensorType> types;
  for (const Var& input : inputs) types.push_back(input.type());
  infer_types(op, types, described);  // refuses what the op refuses
  return op.decompose(OpScope(inputs, described));
}

using Emit = Vars (*)(const OpDef&, const Vars&, const Attributes&);

py::object call_op(const OpDef& op, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords, Emit how = emit) {
  const size_t inputs = op.signature.input_list().size();
  const size_t given = static_cast<size_t>(count);
  if (given < (op.signature.variadic() && inputs == 1 ? 1 : inputs)) {
    throw ArgumentError(text(op.name(), ": expected ", inputs, " inputs; received ", given));
  }
  std::vector<py::handle> operands;
  std::vector<py::object> items;  // of a list: an array makes its items on the way, so somebody must hold them
  if (op.signature.variadic() && inputs == 1) {
    if (!PySequence_Check(arguments[0])) throw ArgumentError(text(op.name(), ": expected a list of tensors"));
    const auto list = py::reinterpret_borrow<py::sequence>(arguments[0]);
    for (size_t i = 0; i < list.size(); ++i) items.emplace_back(list[i]);
    operands.assign(items.begin(), items.end());
  } else {
    operands.assign(arguments, arguments + inputs);
  }
  std::vector<std::pair<std::string, py::handle>> attributes;
  const auto& fields = op.signature.schema().fields;
  for (size_t i = inputs; i < given; ++i) {
    if (i - inputs >= fields.size()) throw ArgumentError(text(op.name(), ": too many arguments"));
    attributes.emplace_back(fields[i - inputs].name, arguments[i]);
  }
  const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
  for (Py_ssize_t i = 0; i < named; ++i) {
    attributes.emplace_back(py::handle(PyTuple_GET_ITEM(keywords, i)).cast<std::string>(), arguments[count + i]);
  }
  const Vars values = operands_from_python(operands.data(), operands.size());
  const Vars results = how(op, values, attributes_from_python(op, attributes));
  if (results.size() == 1) return py::cast(results[0]);
  py::tuple outputs(results.size());
  for (size_t i = 0; i < results.size(); ++i) outputs[i] = py::cast(results[i]);
  return outputs;
}

bool any_symbolic(PyObject* const* arguments, Py_ssize_t count) {
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* const argument = arguments[i];
    if (is_symbolic(argument)) return true;
    if (PyList_Check(argument) || PyTuple_Check(argument)) {
      for (py::handle item : py::reinterpret_borrow<py::sequence>(argument)) {
        if (is_symbolic(item)) return true;
      }
    }
  }
  return false;
}

PyObject* op_entry(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  const auto& function = *static_cast<OpFunction*>(PyCapsule_GetPointer(self, nullptr));
  try {
    if (symbolic_handler && any_symbolic(arguments, count)) {
      py::tuple positional(count);
      for (Py_ssize_t i = 0; i < count; ++i) positional[i] = py::reinterpret_borrow<py::object>(arguments[i]);
      py::dict named;
      for (Py_ssize_t i = 0; keywords && i < PyTuple_GET_SIZE(keywords); ++i) {
        named[PyTuple_GET_ITEM(keywords, i)] = py::reinterpret_borrow<py::object>(arguments[count + i]);
      }
      const py::object callable = py::module_::import("gradmill._core").attr("ops").attr(function.name.c_str());
      return symbolic_handler(callable, positional, named).release().ptr();
    }
    return call_op(*function.op, arguments, count, keywords).release().ptr();
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (py::builtin_exception& error) {
    error.set_error();
  } catch (...) {
    py::detail::try_translate_exceptions();
  }
  return nullptr;
}

// A default as Python writes it, so that inspect.signature and the type stubs can read it.
std::string python_literal(const AttributeValue& value) {
  if (auto flag = std::get_if<bool>(&value)) return *flag ? "True" : "False";
  if (auto real = std::get_if<double>(&value)) return py::repr(py::float_(*real)).cast<std::string>();
  if (auto dtype = std::get_if<DType>(&value)) return text("'", name_of(*dtype), "'");
  if (std::holds_alternative<TileGroupPointer>(value)) return "None";
  return to_string(value);
}

std::string documentation(const OpDef& op) {
  const Signature& signature = op.signature;
  std::string arguments, result;
  for (const auto& input : signature.input_list()) arguments += (arguments.empty() ? "" : ", ") + input.name;
  for (const auto& field : signature.schema().fields) {
    arguments += (arguments.empty() ? "" : ", ") + field.name + "=" + python_literal(field.get(signature.schema().defaults.get()));
  }
  result = signature.name() + "(" + arguments + ")\n--\n\n" + signature.description() + "\n\nArgs:\n";
  for (const auto& input : signature.input_list()) result += "    " + input.name + ": " + input.text + ".\n";
  for (const auto& field : signature.schema().fields) result += "    " + field.name + ": " + field.text + ".\n";
  result += "\nReturns:\n";
  for (const auto& output : signature.output_list()) result += "    " + output.name + ": " + output.text + ".\n";
  if (!signature.source().empty()) result += "\nReference:\n    " + signature.source() + ".\n";
  return result;
}

py::dict describe_op(const OpDef& op) {
  py::dict facts;
  py::list inputs, attributes, outputs;
  for (const auto& input : op.signature.input_list()) inputs.append(input.name);
  for (const auto& field : op.signature.schema().fields) attributes.append(field.name);
  for (const auto& output : op.signature.output_list()) outputs.append(output.name);
  facts["name"] = op.signature.name();
  facts["family"] = catalogue_row(op.id).family;
  facts["text"] = op.signature.description();
  facts["inputs"] = inputs;
  facts["attributes"] = attributes;
  facts["outputs"] = outputs;
  facts["variadic"] = op.signature.variadic();
  facts["differentiable"] = static_cast<bool>(op.gradient);
  facts["has_decomposition"] = static_cast<bool>(op.decompose);
  const char* names[] = {"kernel", "tile", "view", "decompose"};
  facts["cpu"] = names[static_cast<int>(catalogue_row(op.id).cpu)];
  return facts;
}

}  // namespace

void bind_ops(py::module_& module) {
  py::module_ ops = module.def_submodule("ops", "The ops of the catalogue; gradmill.ops has the public functions.");
  static std::vector<OpFunction> functions(op_count);  // lives as long as the module
  for (int id = 0; id < op_count; ++id) {
    OpFunction& function = functions[id];
    function.op = &op_definition(id);
    function.name = function.op->signature.name();
    function.documentation = documentation(*function.op);
    function.method = {function.name.c_str(),
                       reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&op_entry)),
                       METH_FASTCALL | METH_KEYWORDS, function.documentation.c_str()};
    const py::capsule self(&function);
    ops.attr(function.name.c_str()) = py::reinterpret_steal<py::object>(PyCFunction_NewEx(&function.method, self.ptr(), nullptr));
  }
  module.def("run_decomposition", [](const std::string& name, const py::args& arguments, const py::kwargs& named) {
    std::vector<PyObject*> all;
    for (py::handle argument : arguments) all.push_back(argument.ptr());
    py::tuple names(named.size());
    for (auto [key, value] : named) {
      names[all.size() - arguments.size()] = key;
      all.push_back(value.ptr());
    }
    return call_op(op_definition(name), all.data(), static_cast<Py_ssize_t>(arguments.size()), names.ptr(), emit_decomposed);
  }, py::arg("name"), "Runs an op as what it is made of; its kernel must give the same.");
  module.def("set_symbolic_handler", [](py::object handler) { symbolic_handler = std::move(handler); });
  module.def("catalogue", [] {
    py::list rows;
    for (int id = 0; id < op_count; ++id) rows.append(describe_op(op_definition(id)));
    return rows;
  }, "Facts about every op, in the order of the catalogue.");
}

}  // namespace gradmill
