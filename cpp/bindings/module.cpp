// gradmill._core: the engine as Python sees it.
#include "bindings/bindings.h"
#include "eager/eager_emitter.h"

PYBIND11_MODULE(_core, module) {
  using namespace gradmill;
  module.attr("__version__") = GM_VERSION;
  static EagerEmitter eager;
  install_eager_emitter(&eager);
  bind_errors(module);
  bind_config(module);
  bind_tensor(module);
  bind_ops(module);
  bind_autodiff(module);
  bind_tracing(module);
  bind_graph(module);
  bind_data(module);
}
