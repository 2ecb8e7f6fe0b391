#include "autodiff/tape.h"
#include "bindings/convert.h"
#include "execute/backward_plan.h"
#include "ops/build.h"

namespace gradmill {

void bind_autodiff(py::module_& module) {
  py::class_<Tape> tape(module, "Tape", "Records ops and differentiates them; see gradmill.GradientTape.");
  tape.def(py::init<bool, bool>(), py::arg("persistent"), py::arg("watch_accessed_variables"));
  tape.def("start", &Tape::start);
  tape.def("stop", &Tape::stop);
  tape.def("reset", &Tape::reset);
  tape.def("watch", [](Tape& self, py::handle object) {
    if (py::isinstance<Variable>(object)) {
      self.watch(object.cast<VariablePointer>());
    } else {
      self.watch(object.cast<Var>());
    }
  });
  tape.def("watched_variables", &Tape::watched_variables);
  tape.def("gradient", [](Tape& self, const Vars& targets, const py::object& seeds, const py::list& sources) {
    Vars gradients;
    for (size_t i = 0; i < targets.size(); ++i) {
      const py::object seed = seeds.is_none() ? py::none() : py::object(seeds[py::int_(i)]);
      gradients.push_back(seed.is_none() ? full(1, targets[i].type())
                                         : cast(var_from_python(seed, targets[i].dtype()), targets[i].dtype()));
    }
    std::vector<Tape::Source> wanted;
    for (py::handle source : sources) {
      Tape::Source entry;
      if (py::isinstance<Variable>(source)) {
        entry.variable = source.cast<VariablePointer>();
      } else {
        entry.value = source.cast<Var>();
      }
      wanted.push_back(entry);
    }
    py::list results;
    for (const Var& result : self.gradient(targets, gradients, wanted, &walk_by_plan)) {
      results.append(result ? py::cast(result) : py::none());
    }
    return results;
  });
}

}  // namespace gradmill
