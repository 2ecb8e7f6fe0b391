#include "ops/shape/pad.h"

#include "ops/build.h"

namespace gradmill {

OpDef define_pad() {
  using A = PadAttributes;
  return {
      .signature = Signature("pad", "x with a border of one value.")
                       .input("x", "any shape")
                       .output("y", "axis i is longer by before[i] + after[i]")
                       .attribute("before", &A::before, "for each axis the elements added in front")
                       .attribute("after", &A::after, "for each axis the elements added behind")
                       .attribute("value", &A::value, "what the border is made of, converted to x's dtype"),
      .infer =
          [](InferScope& s) {
            const auto& a = s.attributes<A>();
            const Shape& x = s.input(0).shape;
            const size_t rank = x.rank();
            if (a.before.size() != rank || a.after.size() != rank) {
              s.argument_error("before and after must have one entry for each of the ", rank, " axes of x ", x,
                               "; received ", a.before.size(), " and ", a.after.size());
            }
            constexpr int64_t limit = int64_t{1} << 60;
            Shape y;
            for (int i = 0; i < x.rank(); ++i) {
              if (a.before[i] < 0 || a.after[i] < 0 || a.before[i] > limit || a.after[i] > limit) {
                s.argument_error("padding must be 0 to 2^60; axis ", i, " received ", a.before[i], " and ",
                                 a.after[i]);
              }
              y.append(x[i] + a.before[i] + a.after[i]);
            }
            s.add_output({s.input(0).dtype, y});
          },
      .gradient =
          [](const GradientScope& g) {
            const Shape& x = g.input(0).shape();
            return Vars{slice(g.dy(), g.attributes<A>().before, x.vector(), Ints(x.rank(), 1))};
          },
      .decompose = nullptr,
      .traits = Traits().any_storage(),
  };
}

}  // namespace gradmill
