#include "ops/reduction/reduction_shapes.h"

namespace gradmill {

Var sum(const Var& x, const Ints& axes, bool keepdims) { return emit_reduction(OpId::sum, x, axes, keepdims); }

OpDef define_sum() {
  return {
      .signature = reduction_signature("sum", "The sum along axes; 0 where there is nothing to add.",
                                       "x's dtype; integers narrower than 32 bits and bool give 32 bits"),
      .infer = infer_accumulation,
      .gradient =
          [](const GradientScope& g) {
            const Var& x = g.input(0);
            if (!is_float(x.dtype())) return Vars(1);
            const Var dy = with_reduced_axes(g.dy(), x, g.attributes<ReductionAttributes>().axes);
            return Vars{broadcast_to(dy, x.shape())};
          },
      .decompose = nullptr,
      .traits = Traits(),
  };
}

}  // namespace gradmill
