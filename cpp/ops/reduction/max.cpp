#include "ops/reduction/reduction_shapes.h"

namespace gradmill {

Var max(const Var& x, const Ints& axes, bool keepdims) { return emit_reduction(OpId::max, x, axes, keepdims); }

OpDef define_max() {
  return {
      .signature = reduction_signature("max", "The largest element along axes; NaN if there is one.",
                                       "same dtype as x"),
      .infer = infer_extreme,
      .gradient = gradient_of_extreme,
      .decompose = nullptr,
      .traits = Traits(),
  };
}

}  // namespace gradmill
