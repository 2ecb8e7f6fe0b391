#include "ops/reduction/cumsum.h"

#include "ops/build.h"

namespace gradmill {

Var cumsum(const Var& x, const CumsumAttributes& attributes) {
  return emit_one(op_definition(OpId::cumsum), {x}, Attributes::of(attributes));
}

OpDef define_cumsum() {
  return {
      .signature = Signature("cumsum", "Running sums along `axis`.")
                       .input("x", "rank >= 1")
                       .output("y", "same shape and dtype as x; bool gives int32")
                       .attribute("axis", &CumsumAttributes::axis, "axis to add along")
                       .attribute("reverse", &CumsumAttributes::reverse, "start at the end of the axis")
                       .attribute("exclusive", &CumsumAttributes::exclusive, "leave each element out of its own sum"),
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 1);
            s.axis(s.attributes<CumsumAttributes>().axis, s.input(0).shape.rank());
            const DType dtype = s.input(0).dtype;
            s.add_output({dtype == DType::boolean ? DType::int32 : dtype, s.input(0).shape});
          },
      .gradient =
          [](const GradientScope& g) {
            if (!is_float(g.input(0).dtype())) return Vars(1);
            CumsumAttributes backward = g.attributes<CumsumAttributes>();
            backward.reverse = !backward.reverse;
            return Vars{cumsum(g.dy(), backward)};
          },
      .decompose = nullptr,
      .traits = Traits(),
  };
}

}  // namespace gradmill
