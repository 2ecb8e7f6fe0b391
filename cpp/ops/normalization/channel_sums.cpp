#include "ops/normalization/channel_sums.h"

#include "ops/build.h"

namespace gradmill {

Vars channel_moments(const Var& x) { return emit(op_definition(OpId::channel_moments), {x}, {}); }

Vars channel_products(const Var& dy, const Var& x, const Var& center) {
  return emit(op_definition(OpId::channel_products), {dy, x, center}, {});
}

OpDef define_channel_moments() {
  return {
      .signature = Signature("channel_moments", "Mean and variance of every channel.")
                       .input("x", "(..., channels), rank >= 2")
                       .output("mean", "(channels,), over all axes but the last")
                       .output("variance", "(channels,), the mean of squared distances from the mean")
                       .reference("Chan, Golub and LeVeque 1979"),
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 2);
            s.check_float(0);
            s.add_output({arithmetic_type(s.input(0).dtype), Shape{s.input(0).shape.back()}});
            s.add_output({arithmetic_type(s.input(0).dtype), Shape{s.input(0).shape.back()}});
          },
      .gradient =
          [](const GradientScope& g) {
            const Var& x = g.input(0);
            const double count = ChannelRows(x.shape()).count;
            Var dx;
            if (g.dy(0)) dx = broadcast_to(g.dy(0) * (1 / count), x.shape());
            if (g.dy(1)) {
              const Var part = (x - g.output(0)) * (g.dy(1) * (2 / count));
              dx = dx ? dx + part : part;
            }
            return Vars{dx};
          },
      .decompose =
          [](const OpScope& s) {  // the variance from distances: squares of large means would leave no digits
            const Var& x = s.input(0);
            const ChannelRows rows(x.shape());
            const Var mean = sum(x, rows.axes) * (1 / rows.count), centered = x - mean;
            return Vars{mean, sum(centered * centered, rows.axes) * (1 / rows.count)};
          },
      .traits = Traits().promote().floats(),
  };
}

OpDef define_channel_products() {
  return {
      .signature = Signature("channel_products", "The sums of dy and of dy * (x - center) of every channel.")
                       .input("dy", "(..., channels), rank >= 2")
                       .input("x", "shape of dy")
                       .input("center", "(channels,)")
                       .output("sum", "(channels,), over all axes but the last")
                       .output("product", "(channels,), over all axes but the last"),
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 2);
            s.check_float(0);
            const Shape &dy = s.input(0).shape, channels{dy.back()};
            if (s.input(1).shape != dy || s.input(2).shape != channels) {
              s.shape_error("x must have the shape of dy ", dy, " and center ", channels, "; received ", s.input(1).shape,
                            " and ", s.input(2).shape);
            }
            s.add_output({arithmetic_type(s.input(0).dtype), channels});
            s.add_output({arithmetic_type(s.input(0).dtype), channels});
          },
      .gradient =
          [](const GradientScope& g) {
            const Var &dy = g.input(0), &x = g.input(1), &center = g.input(2);
            Vars result(3);
            if (g.dy(0)) result[0] = broadcast_to(g.dy(0), dy.shape());
            if (g.dy(1)) {
              const Var part = (x - center) * g.dy(1);
              result[0] = result[0] ? result[0] + part : part;
              result[1] = dy * g.dy(1);
              result[2] = -(g.output(0) * g.dy(1));
            }
            return result;
          },
      .decompose =
          [](const OpScope& s) {
            const Ints axes = ChannelRows(s.input(0).shape()).axes;
            return Vars{sum(s.input(0), axes), sum(s.input(0) * (s.input(1) - s.input(2)), axes)};
          },
      .traits = Traits().promote().floats(),
  };
}

}  // namespace gradmill
