// max_pool and its gradient, which gives dy to the first maximum of each window.
#include <limits>

#include "ops/pooling/pooling_shapes.h"

namespace gradmill {
namespace {

using A = PoolingAttributes;
constexpr double lowest = -std::numeric_limits<double>::infinity();

Signature signature_of_max_pool() {
  Signature signature("max_pool", "The largest element of each window, channel by channel. NaN wins.");
  signature.input("x", "(batch, 1 to 3 spatial axes, channels)").output("y", "(batch, windows..., channels)");
  return describe_windows<A>(signature);
}

Signature signature_of_gradient() {
  Signature signature("max_pool_gradient", "dy added where the first maximum of its window stands, zeros elsewhere.");
  signature.input("x", "what max_pool was given")
      .input("y", "what max_pool gave")
      .input("dy", "shape of y")
      .output("dx", "shape of x");
  return describe_windows<A>(signature);
}

}  // namespace

OpDef define_max_pool() {
  return {
      .signature = signature_of_max_pool(),
      .infer =
          [](InferScope& s) {
            s.check_float(0);
            s.add_output({s.input(0).dtype, pooled_shape(s, s.input(0).shape, s.attributes<A>())});
          },
      .gradient =
          [](const GradientScope& g) {
            return Vars{emit_one(op_definition(OpId::max_pool_gradient), {g.input(0), g.output(0), g.dy()},
                                 g.all_attributes())};
          },
      .decompose =
          [](const OpScope& s) {
            const Vars places = window_places(s.input(0), s.attributes<A>(), lowest);
            Var y = places[0];
            for (size_t i = 1; i < places.size(); ++i) y = maximum(y, places[i]);
            return Vars{y};
          },
      .traits = Traits().floats(),
  };
}

OpDef define_max_pool_gradient() {
  return {
      .signature = signature_of_gradient(),
      .infer =
          [](InferScope& s) {
            s.check_float(0);
            const Shape pooled = pooled_shape(s, s.input(0).shape, s.attributes<A>());
            if (s.input(1).shape != pooled || s.input(2).shape != pooled) {
              s.shape_error("y and dy must have shape ", pooled, "; received ", s.input(1).shape, " and ",
                            s.input(2).shape);
            }
            s.add_output(s.input(0));
          },
      .gradient =
          [](const GradientScope& g) {  // dy's: of each window what stands at its first maximum
            if (!g.needs(2)) return Vars(3);
            const Vars places = window_places(g.input(0), g.attributes<A>(), lowest);
            const Vars flows = window_places(g.dy(), g.attributes<A>(), 0);
            Var taken, sum;
            for (size_t i = 0; i < places.size(); ++i) {
              const Var equals = equal(places[i], g.input(1));
              const Var first = taken ? logical_and(equals, logical_not(taken)) : equals;
              const Var part = where(first, flows[i], 0.0);
              sum = sum ? sum + part : part;
              taken = taken ? logical_or(taken, equals) : equals;
            }
            return Vars{Var(), Var(), sum};
          },
      .decompose = nullptr,
      .traits = Traits().promote().floats(),
  };
}

}  // namespace gradmill
