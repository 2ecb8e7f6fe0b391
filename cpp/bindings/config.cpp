#include "base/cpu_features.h"
#include "base/settings.h"
#include "bindings/convert.h"
#include "execute/peak.h"
#include "registry/emitter.h"
#include "registry/input_conversion.h"
#include "runtime/parallel.h"

namespace gradmill {

void bind_config(py::module_& module) {
  module.def("thread_count", &thread_count, "Workers that kernels use.");
  module.def("set_thread_count", &set_thread_count, py::arg("threads"), "0 returns to the automatic choice.");
  module.def("instruction_set", [] { return instruction_set(); }, "The level of the kernels in use.");
  module.def("cpu_model", &cpu_model, "The processor as the system names it.");
  module.def("half_precision_units", &half_precision_units, "Which instructions for 16-bit floats this CPU has.");
  module.def("usable_instruction_sets", &usable_instruction_sets, "Levels that this CPU can run, slowest first.");
  module.def("peak_multiply_adds", [](double seconds) {
    const py::gil_scoped_release release;
    return peak_multiply_adds(seconds);
  }, py::arg("seconds") = 0.2, "Multiply-adds in float32 a second that the workers reach in a loop of nothing else.");
  module.def("set_check_nan", [](bool on) { settings().check_nan = on; }, py::arg("on"));
  module.def("check_nan", [] { return settings().check_nan; });
  module.def("set_kernel_tuning", [](bool on) { settings().kernel_tuning = on; }, py::arg("on"));
  module.def("kernel_tuning", [] { return settings().kernel_tuning; });
  module.def("set_preferred_kernel", [](std::string name) { settings().preferred_kernel = std::move(name); },
             py::arg("name"), "The kernel to take from now on wherever it can; an empty name returns to the usual choice.");
  module.def("set_default_float", [](py::handle dtype) { set_default_float(dtype_from_python(dtype)); }, py::arg("dtype"));
  module.def("autocast_dtype", []() -> py::object {
    const auto dtype = autocast_dtype();
    return dtype ? py::object(py::str(name_of(*dtype))) : py::none();
  }, "The dtype in which this thread reads float variables now, or None for their own.");
  module.def("set_autocast_dtype", [](py::handle dtype) {
    set_autocast_dtype(dtype.is_none() ? std::nullopt : std::optional(dtype_from_python(dtype)));
  }, py::arg("dtype"));
  module.def("plan_cache_size", [] { return settings().plan_cache_size; });
  module.def("memory_limit_mebibytes", [] { return settings().memory_limit_mebibytes; });
  module.def("set_memory_limit_mebibytes", [](int limit) { settings().memory_limit_mebibytes = limit; }, py::arg("limit"));
  module.def("set_disabled_passes", [](std::vector<std::string> names) { settings().disabled_passes = std::move(names); },
             py::arg("names"), "Optional compiler passes to leave out from now on.");
  module.def("promote_types", [](py::handle a, py::handle b) { return name_of(promote(dtype_from_python(a), dtype_from_python(b))); });
}

}  // namespace gradmill
