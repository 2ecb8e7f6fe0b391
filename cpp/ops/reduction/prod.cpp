#include "ops/reduction/reduction_shapes.h"

namespace gradmill {

Var prod(const Var& x, const Ints& axes, bool keepdims) { return emit_reduction(OpId::prod, x, axes, keepdims); }

OpDef define_prod() {
  return {
      .signature = reduction_signature("prod", "The product along axes; 1 where there is nothing to multiply.",
                                       "x's dtype; integers narrower than 32 bits and bool give 32 bits"),
      .infer = infer_accumulation,
      .gradient =
          [](const GradientScope& g) {
            // dx = dy * product of the others. With one zero only the zero itself has a gradient, with two none has.
            const Var& x = g.input(0);
            if (!is_float(x.dtype())) return Vars(1);
            const Ints& axes = g.attributes<ReductionAttributes>().axes;
            const Var zero = equal(x, 0.0), factors = where(zero, 1.0, x);
            const Var zeros = sum(cast(zero, x.dtype()), axes, true), product = prod(factors, axes, true);
            const Var others_zero = zeros - cast(zero, x.dtype());
            const Var dx = with_reduced_axes(g.dy(), x, axes) * (product / factors);
            return Vars{where(equal(others_zero, 0.0), dx, 0.0)};
          },
      .decompose = nullptr,
      .traits = Traits(),
  };
}

}  // namespace gradmill
