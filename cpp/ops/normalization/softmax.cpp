#include "ops/normalization/softmax.h"

#include "ops/build.h"

namespace gradmill {

Var softmax(const Var& x, int64_t axis) {
  return emit_one(op_definition(OpId::softmax), {x}, Attributes::of(SoftmaxAttributes{axis}));
}

OpDef define_softmax() {
  return {
      .signature = Signature("softmax", "Exponentials scaled to sum to one along `axis`.")
                       .input("x", "logits, rank >= 1")
                       .output("y", "same shape as x")
                       .attribute("axis", &SoftmaxAttributes::axis, "axis to normalize over")
                       .reference("Bridle 1990"),
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 1);
            s.axis(s.attributes<SoftmaxAttributes>().axis, s.input(0).shape.rank());
            s.add_output(s.input(0));
          },
      .gradient =
          [](const GradientScope& g) {  // dx = y * (dy - sum(dy * y))
            const Var y = g.output(0), t = g.dy() * y;
            return Vars{t - y * sum(t, {g.attributes<SoftmaxAttributes>().axis}, true)};
          },
      .decompose =
          [](const OpScope& s) {  // the maximum only guards against overflow
            const Ints axis{s.attributes<SoftmaxAttributes>().axis};
            if (s.input(0).type().elements() == 0) return Vars{s.input(0)};  // no maximum
            const Var x = s.input(0), e = exp(x - stop_gradient(max(x, axis, true)));
            return Vars{e / sum(e, axis, true)};
          },
      .traits = Traits().floats(),
  };
}

}  // namespace gradmill
