// The engine's exceptions as Python classes; gradmill.errors re-exports them.
#include "base/error.h"

#include "bindings/bindings.h"

namespace gradmill {

void bind_errors(py::module_& module) {
  static py::exception<Error> base(module, "GradMillError", PyExc_ValueError);
  static py::exception<ArgumentError> argument(module, "ArgumentError", base.ptr());
  static py::exception<ShapeError> shape(module, "ShapeError", base.ptr());
  static py::exception<DTypeError> dtype(module, "DTypeError", base.ptr());
  static py::exception<UnsupportedError> unsupported(module, "UnsupportedError", base.ptr());
  static py::exception<NonFiniteError> non_finite(module, "NonFiniteError", PyExc_FloatingPointError);
  static py::exception<InternalError> internal(module, "InternalError", PyExc_RuntimeError);
  py::register_local_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const ShapeError& error) {
      py::set_error(shape, error.what());
    } catch (const DTypeError& error) {
      py::set_error(dtype, error.what());
    } catch (const ArgumentError& error) {
      py::set_error(argument, error.what());
    } catch (const UnsupportedError& error) {
      py::set_error(unsupported, error.what());
    } catch (const Error& error) {
      py::set_error(base, error.what());
    } catch (const NonFiniteError& error) {
      py::set_error(non_finite, error.what());
    } catch (const InternalError& error) {
      py::set_error(internal, error.what());
    }
  });
}

}  // namespace gradmill
