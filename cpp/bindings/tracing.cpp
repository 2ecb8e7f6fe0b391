// Traces and plans.
#include "autodiff/tape.h"
#include "base/error.h"
#include "bindings/convert.h"
#include "execute/plan.h"
#include "graph/graph_emitter.h"

namespace gradmill {
namespace {

// A graph being recorded. Between start and stop, this thread's ops go to the graph.
class Trace {
 public:
  Trace() : graph_(std::make_unique<Graph>()), emitter_(std::make_unique<GraphEmitter>(*graph_)) {}
  ~Trace() {
    if (active_) stop();
  }

  void start() {
    push_emitter(emitter_.get());
    active_ = true;
  }

  void stop() {
    pop_emitter();
    active_ = false;
  }

  Var input(const py::object& shape, py::handle dtype) {
    return Var(graph_->add_input({dtype_from_python(dtype), Shape(shape.cast<std::vector<int64_t>>())}));
  }

  std::shared_ptr<Plan> compile(const Vars& outputs) {
    if (!graph_) throw UnsupportedError("trace: it was compiled already");
    for (const Var& output : outputs) graph_->outputs.push_back(emitter_->lift(output));
    emitter_->finish();
    emitter_.reset();
    return std::make_shared<Plan>(std::move(graph_));
  }

  std::string listing() const { return graph_ ? to_string(*graph_) : "compiled"; }

 private:
  std::unique_ptr<Graph> graph_;
  std::unique_ptr<GraphEmitter> emitter_;
  bool active_ = false;
};

std::vector<Tensor> tensors_of(const Vars& vars) {
  std::vector<Tensor> tensors;
  for (const Var& var : vars) tensors.push_back(var.tensor());
  return tensors;
}

py::list costs(const Plan& plan) {
  py::list rows;
  for (const auto& costs : plan.costs()) {
    py::dict row;
    row["step"] = costs.step;
    row["op"] = costs.op;
    row["layer"] = costs.layer;
    row["role"] = costs.role;
    row["kernel"] = costs.kernel;
    row["flops"] = 2 * costs.multiply_adds;
    row["kernel_flops"] = 2 * costs.kernel_multiply_adds;
    row["bytes"] = costs.bytes;
    rows.append(row);
  }
  return rows;
}

py::list buffers(const Plan& plan) {
  py::list rows;
  for (const auto& buffer : plan.buffers()) {
    py::dict row;
    row["op"] = buffer.op;
    row["layer"] = buffer.layer;
    row["offset"] = buffer.offset;
    row["bytes"] = buffer.bytes;
    row["first"] = buffer.first;
    row["last"] = buffer.last;
    rows.append(row);
  }
  return rows;
}

py::list profile(Plan& plan, const Vars& inputs, int repeats) {
  if (repeats < 1) throw ArgumentError(text("profile: repeats must be at least 1; received ", repeats));
  const std::vector<double> seconds = plan.profile(tensors_of(inputs), repeats);
  py::list rows = costs(plan);
  for (size_t i = 0; i < seconds.size(); ++i) rows[i]["seconds"] = seconds[i];
  return rows;
}

py::list typed(const std::vector<ValuePointer>& values) {
  py::list result;
  for (const auto& value : values) result.append(py::make_tuple(shape_to_python(value->type.shape), name_of(value->type.dtype)));
  return result;
}

template <class T>
void append_bytes(std::string& key, char kind, const T& value) {
  key.push_back(kind);
  key.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Adds to the key what a plan depends on of a call's argument, and to the tensors its values. False for what this does not
// know.
bool add_argument(py::handle argument, std::string& key, py::list& tensors) {
  const auto add_tensor = [&](const Var& tensor, py::handle object) {
    append_bytes(key, 't', tensor.dtype());
    for (const int64_t size : tensor.shape()) append_bytes(key, 'd', size);
    tensors.append(object);
    return true;
  };
  if (const Var* tensor = tensor_in(argument)) return add_tensor(*tensor, argument);
  if (argument.is_none()) return key.push_back('n'), true;
  if (PyBool_Check(argument.ptr())) return append_bytes(key, 'b', argument.ptr() == Py_True), true;
  if (PyFloat_CheckExact(argument.ptr())) return append_bytes(key, 'f', PyFloat_AS_DOUBLE(argument.ptr())), true;
  if (PyLong_CheckExact(argument.ptr())) {
    int overflow = 0;
    append_bytes(key, 'i', PyLong_AsLongLongAndOverflow(argument.ptr(), &overflow));
    return overflow == 0;
  }
  if (py::isinstance<py::array>(argument)) {
    const Var copy = var_from_python(argument);
    return add_tensor(copy, py::cast(copy));
  }
  if (PyNumber_Check(argument.ptr()) || PySequence_Check(argument.ptr()) || PyMapping_Check(argument.ptr())) return false;
  return append_bytes(key, 'o', argument.ptr()), true;  // self, mostly; whoever keeps the key keeps the object alive
}

// (key, tensors) of a call whose arguments are tensors, arrays, numbers and objects that hold none; None for any other,
// while a graph is recorded and while a tape is.
py::object plain_call(const py::tuple& arguments) {
  if (current_emitter().tracing() || is_recording()) return py::none();
  std::string key;
  py::list tensors;
  for (py::handle argument : arguments) {
    if (!add_argument(argument, key, tensors)) return py::none();
  }
  return py::make_tuple(py::bytes(key), tensors);
}

}  // namespace

void bind_tracing(py::module_& module) {
  py::class_<Plan, std::shared_ptr<Plan>> plan(module, "Plan", "A compiled step.");
  py::class_<Trace> trace(module, "Trace", "A graph being recorded; see gradmill.function.");
  trace.def(py::init<>());
  trace.def("start", &Trace::start);
  trace.def("stop", &Trace::stop);
  trace.def("input", &Trace::input, py::arg("shape"), py::arg("dtype"));
  trace.def("compile", &Trace::compile, py::arg("outputs"), "The plan that computes `outputs`.");
  trace.def("__str__", &Trace::listing);

  plan.def("run", [](Plan& self, const Vars& inputs) {
    const std::vector<Tensor> tensors = tensors_of(inputs);
    std::vector<Tensor> outputs;
    if (self.operations() < 50e3) {
      outputs = self.run(tensors);
    } else {
      const py::gil_scoped_release release;
      outputs = self.run(tensors);
    }
    Vars results;
    for (Tensor& output : outputs) results.emplace_back(std::move(output));
    return results;
  }, py::arg("inputs"));
  plan.def("describe", &Plan::describe, "One line for each kernel call, and totals.");
  plan.def("costs", &costs,
           "What each op of the plan is and does: the number of its kernel call (step), op, layer, role in it (forward, "
           "gradient, input gradient, kernel gradient), kernel, flops of products by the direct method and as the kernel "
           "carries them out, bytes that it reads from and writes to memory. Ops that run as one chain have the same step.");
  plan.def("buffers", &buffers,
           "What lies in the arena of the plan: op and layer that make it (op is scratch for what a kernel needs for itself), "
           "offset, bytes, first and last step that need it. Values inside chains have no place there.");
  plan.def("profile", &profile, py::arg("inputs"), py::arg("repeats") = 20,
           "The rows of costs() with the mean seconds of each; variables keep their values.");
  plan.def("__str__", [](const Plan& self) { return to_string(self.graph()); });
  plan.def_property_readonly("arena_bytes", &Plan::arena_bytes);
  plan.def_property_readonly("batch_bytes", &Plan::batch_bytes,
                             "Bytes of the inputs of a batch and of the next one, which is gathered meanwhile.");
  plan.def_property_readonly("planned_bytes", &Plan::planned_bytes);
  plan.def_property_readonly("missing_bytes", &Plan::missing_bytes);
  plan.def_property_readonly("kernel_calls", &Plan::kernel_calls);
  plan.def_property_readonly("barriers", &Plan::barriers);
  plan.def_property_readonly("operations", &Plan::operations);
  plan.def_property_readonly("flops", [](const Plan& self) { return 2 * self.multiply_adds(); },
                             "Operations of the products and convolutions that were traced, by the direct method, whatever "
                             "the compiler and the kernels save of them.");
  plan.def_property_readonly("inputs", [](const Plan& self) { return typed(self.graph().inputs); });
  plan.def_property_readonly("outputs", [](const Plan& self) { return typed(self.graph().outputs); });
  plan.def_property_readonly("changes_variables", [](const Plan& self) { return !self.graph().updates.empty(); });
  plan.def_property_readonly("variables", [](const Plan& self) { return self.graph().variables; });

  module.def("is_tracing", [] { return current_emitter().tracing(); });
  module.def("is_recording", &is_recording, "Whether a tape of this thread is open.");
  module.def("plain_call", &plain_call, py::arg("arguments"),
             "(key, tensors) of arguments that are tensors, arrays, numbers or objects that are no containers: calls of one "
             "function with equal keys have the same plan as long as those objects live. None for other arguments, while "
             "tracing and while a tape is open.");
  module.def("push_eager", [] { push_emitter(&eager_emitter()); }, "Ops run at once, inside a trace too, until pop_emitter.");
  module.def("pop_emitter", &pop_emitter);
  module.def("begin_region", [](bool divided) { begin_region(divided ? RegionKind::divided : RegionKind::repeated); },
             py::arg("divided") = false, "Ops until end_region may be emitted again for the gradients; see gradmill.remat.");
  module.def("end_region", &end_region, py::arg("repeats") = true, "The end of the last region that began.");
  module.def("push_scope", &push_scope, py::arg("name"));
  module.def("pop_scope", &pop_scope);
  module.def("current_scope", [] { return current_scope(); });
}

}  // namespace gradmill
