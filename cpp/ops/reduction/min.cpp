#include "ops/reduction/reduction_shapes.h"

namespace gradmill {

Var min(const Var& x, const Ints& axes, bool keepdims) { return emit_reduction(OpId::min, x, axes, keepdims); }

OpDef define_min() {
  return {
      .signature = reduction_signature("min", "The smallest element along axes; NaN if there is one.",
                                       "same dtype as x"),
      .infer = infer_extreme,
      .gradient = gradient_of_extreme,
      .decompose = nullptr,
      .traits = Traits(),
  };
}

}  // namespace gradmill
