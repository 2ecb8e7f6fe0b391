// The parts of the extension module. Only this folder includes pybind11.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "registry/variable.h"

namespace gradmill {

namespace py = pybind11;

void bind_errors(py::module_& module);
void bind_config(py::module_& module);
void bind_tensor(py::module_& module);
void bind_ops(py::module_& module);
void bind_autodiff(py::module_& module);
void bind_tracing(py::module_& module);
void bind_graph(py::module_& module);
void bind_data(py::module_& module);

}  // namespace gradmill
