#include "ops/normalization/batch_norm_training.h"

#include <cmath>

#include "ops/build.h"
#include "ops/normalization/channel_sums.h"

namespace gradmill {

using A = BatchNormTrainingAttributes;

OpDef define_batch_norm_training() {
  return {
      .signature =
          Signature("batch_norm_training", "x brought to mean 0 and variance 1 channel by channel, with its own "
                                           "statistics; then scaled and shifted.")
              .input("x", "(..., channels), rank >= 2")
              .input("scale", "(channels,)")
              .input("offset", "(channels,)")
              .output("y", "shape of x")
              .output("mean", "(channels,), over all axes but the last")
              .output("variance", "(channels,), the mean of squared distances from the mean")
              .attribute("epsilon", &A::epsilon, "added to the variance, > 0")
              .reference("Ioffe and Szegedy 2015"),
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 2);
            s.check_float(0);
            const Shape& x = s.input(0).shape;
            const Shape channels{x.back()};
            if (s.input(1).shape != channels || s.input(2).shape != channels) {
              s.shape_error("scale and offset must have shape ", channels, " for x ", x, "; received ",
                            s.input(1).shape, " and ", s.input(2).shape);
            }
            const double epsilon = s.attributes<A>().epsilon;
            if (!(epsilon >= 0) || !std::isfinite(epsilon)) {
              s.argument_error("epsilon must be a number >= 0; received ", epsilon);
            }
            s.add_output(s.input(0));
            s.add_output({s.input(0).dtype, channels});
            s.add_output({s.input(0).dtype, channels});
          },
      .gradient =
          [](const GradientScope& g) {
            // With inv = 1 / sqrt(variance + epsilon) and N rows: doffset = sum(dy), dscale = inv * sum(dy * (x - mean)),
            // dx = scale * inv * (dy - (doffset + (x - mean) * inv * dscale) / N), and what arrives at the statistics:
            // dmean / N + dvariance * 2 * (x - mean) / N. Written as dx = p * (dy + x * q + r): what is left to do with dy
            // once the sums are known is one expression.
            const Var &x = g.input(0), &scale = g.input(1), &dy = g.dy(0), &mean = g.output(1);
            const double share = 1 / ChannelRows(x.shape()).count;
            const Var inv = rsqrt(g.output(2) + g.attributes<A>().epsilon);
            Var dx, dscale, doffset;
            if (dy) {
              const Vars sums = channel_products(dy, x, mean);
              doffset = sums[0];
              dscale = inv * sums[1];
              const Var q = -(inv * dscale * share), r = -(doffset * share) - mean * q;
              if (g.needs(0)) dx = (x * q + dy + r) * (scale * inv);
            }
            if (g.needs(0) && g.dy(1)) {
              const Var part = broadcast_to(g.dy(1) * share, x.shape());
              dx = dx ? dx + part : part;
            }
            if (g.needs(0) && g.dy(2)) {
              const Var part = (x - mean) * (g.dy(2) * (2 * share));
              dx = dx ? dx + part : part;
            }
            return Vars{dx, dscale, doffset};
          },
      .decompose =
          [](const OpScope& s) {
            const Vars moments = channel_moments(s.input(0));
            const Var inv = rsqrt(moments[1] + s.attributes<A>().epsilon);
            const Var factor = inv * s.input(1);
            return Vars{s.input(0) * factor + (s.input(2) - moments[0] * factor), moments[0], moments[1]};
          },
      .traits = Traits().promote().floats(),
  };
}

}  // namespace gradmill
