#include "ops/normalization/log_softmax.h"

#include "ops/build.h"

namespace gradmill {

Var log_softmax(const Var& x, int64_t axis) {
  return emit_one(op_definition(OpId::log_softmax), {x}, Attributes::of(LogSoftmaxAttributes{axis}));
}

OpDef define_log_softmax() {
  using A = LogSoftmaxAttributes;
  return {
      .signature = Signature("log_softmax", "The logarithm of softmax, exact where softmax underflows.")
                       .input("x", "logits, rank >= 1")
                       .output("y", "same shape as x")
                       .attribute("axis", &A::axis, "axis to normalize over"),
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 1);
            s.check_float(0);
            s.axis(s.attributes<A>().axis, s.input(0).shape.rank());
            s.add_output(s.input(0));
          },
      .gradient =
          [](const GradientScope& g) {  // dx = dy - softmax * sum(dy)
            return Vars{g.dy() - exp(g.output(0)) * sum(g.dy(), {g.attributes<A>().axis}, true)};
          },
      .decompose =
          [](const OpScope& s) {
            const Ints axis{s.attributes<A>().axis};
            if (s.input(0).type().elements() == 0) return Vars{s.input(0)};  // no maximum
            const Var shifted = s.input(0) - stop_gradient(max(s.input(0), axis, true));
            return Vars{shifted - log(sum(exp(shifted), axis, true))};
          },
      .traits = Traits().floats(),
  };
}

}  // namespace gradmill
