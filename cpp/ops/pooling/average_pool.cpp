// average_pool and its gradient; both are linear, each is the adjoint of the other.
#include "ops/pooling/pooling_shapes.h"

namespace gradmill {
namespace {

using A = AveragePoolAttributes;
using G = AveragePoolGradientAttributes;

template <class Struct>
Signature& describe_average(Signature& signature) {
  typedef bool Struct::*Field;
  return describe_windows<Struct>(signature).attribute(
      "count_include_padding", Field(&Struct::count_include_padding),
      "divide by the size of the window even where part of it is padding");
}

Signature signature_of_average_pool() {
  Signature signature("average_pool", "The mean of each window, channel by channel.");
  signature.input("x", "(batch, 1 to 3 spatial axes, channels)").output("y", "(batch, windows..., channels)");
  return describe_average<A>(signature);
}

Signature signature_of_gradient() {
  Signature signature("average_pool_gradient", "dy spread evenly over its window: the adjoint of average_pool.");
  signature.input("dy", "(batch, windows..., channels)")
      .output("dx", "(batch, input_size..., channels)")
      .attribute("input_size", &G::input_size, "the spatial sizes of what was pooled");
  return describe_average<G>(signature);
}

}  // namespace

OpDef define_average_pool() {
  return {
      .signature = signature_of_average_pool(),
      .infer =
          [](InferScope& s) {
            s.check_float(0);
            s.add_output({s.input(0).dtype, pooled_shape(s, s.input(0).shape, s.attributes<A>())});
          },
      .gradient =
          [](const GradientScope& g) {
            const Shape& x = g.input(0).shape();
            G attributes;
            static_cast<A&>(attributes) = g.attributes<A>();
            attributes.input_size.assign(x.begin() + 1, x.end() - 1);
            return Vars{
                emit_one(op_definition(OpId::average_pool_gradient), {g.dy()}, Attributes::of(attributes))};
          },
      .decompose =
          [](const OpScope& s) {
            const auto& a = s.attributes<A>();
            const auto total = [&](const Var& x) {
              const Vars places = window_places(x, a, 0);
              Var sum = places[0];
              for (size_t i = 1; i < places.size(); ++i) sum = sum + places[i];
              return sum;
            };
            const Var& x = s.input(0);
            double size = 1;
            for (int64_t each : a.window) size *= static_cast<double>(each);
            if (a.count_include_padding) return Vars{total(x) / size};
            Shape one = x.shape();
            one.set(0, 1);
            one.set(x.shape().rank() - 1, 1);
            return Vars{total(x) / total(full(1, {x.dtype(), one}))};
          },
      .traits = Traits().floats(),
  };
}

OpDef define_average_pool_gradient() {
  return {
      .signature = signature_of_gradient(),
      .infer =
          [](InferScope& s) {
            s.check_float(0);
            const auto& a = s.attributes<G>();
            const Shape& dy = s.input(0).shape;
            s.check_rank(0, 3, 5);
            if (static_cast<int>(a.input_size.size()) != dy.rank() - 2) {
              s.argument_error("input_size must have one entry for each of the ", dy.rank() - 2,
                               " spatial axes; received ", a.input_size.size());
            }
            Ints sizes{dy[0]};
            sizes.insert(sizes.end(), a.input_size.begin(), a.input_size.end());
            sizes.push_back(dy.back());
            const Shape x(sizes), pooled = pooled_shape(s, x, a);
            if (dy != pooled) s.shape_error("dy must have shape ", pooled, " for input ", x, "; received ", dy);
            s.add_output({s.input(0).dtype, x});
          },
      .gradient =
          [](const GradientScope& g) {
            const A attributes = g.attributes<G>();
            return Vars{emit_one(op_definition(OpId::average_pool), {g.dy()}, Attributes::of(attributes))};
          },
      .decompose = nullptr,
      .traits = Traits().floats(),
  };
}

}  // namespace gradmill
