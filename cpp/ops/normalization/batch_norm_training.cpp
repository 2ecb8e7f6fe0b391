#include "ops/normalization/batch_norm_training.h"

#include <cmath>

#include "ops/build.h"

namespace gradmill {
namespace {

using A = BatchNormTrainingAttributes;

// All axes but the last, and how many elements share one statistic.
struct Rows {
  explicit Rows(const Shape& x) {
    for (int i = 0; i + 1 < x.rank(); ++i) {
      axes.push_back(i);
      count *= static_cast<double>(x[i]);
    }
  }
  Ints axes;
  double count = 1;
};

}  // namespace

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
            // With n = (x - mean) * inv and inv = 1 / sqrt(variance + epsilon), each of N rows:
            // dscale = sum(dy * n), doffset = sum(dy), dx = scale * inv * (dy - (doffset + n * dscale) / N), and what
            // arrives at the statistics: dmean / N + dvariance * 2 * (x - mean) / N.
            const Var &x = g.input(0), &scale = g.input(1), &dy = g.dy(0), &mean = g.output(1);
            const Rows rows(x.shape());
            const Var inv = rsqrt(g.output(2) + g.attributes<A>().epsilon), centered = x - mean;
            Var dx, dscale, doffset;
            if (dy) {
              const Var normal = centered * inv;
              doffset = sum(dy, rows.axes);
              dscale = sum(dy * normal, rows.axes);
              if (g.needs(0)) {
                dx = (scale * inv) * (dy - (doffset * (1 / rows.count) + normal * (dscale * (1 / rows.count))));
              }
            }
            if (g.needs(0) && g.dy(1)) {
              const Var part = broadcast_to(g.dy(1) * (1 / rows.count), x.shape());
              dx = dx ? dx + part : part;
            }
            if (g.needs(0) && g.dy(2)) {
              const Var part = centered * (g.dy(2) * (2 / rows.count));
              dx = dx ? dx + part : part;
            }
            return Vars{dx, dscale, doffset};
          },
      .decompose =
          [](const OpScope& s) {  // the variance from distances: squares of large means would leave no digits
            const Var& x = s.input(0);
            const Rows rows(x.shape());
            const Var mean = sum(x, rows.axes) * (1 / rows.count), centered = x - mean;
            const Var variance = sum(centered * centered, rows.axes) * (1 / rows.count);
            const Var inv = rsqrt(variance + s.attributes<A>().epsilon);
            return Vars{centered * (inv * s.input(1)) + s.input(2), mean, variance};
          },
      .traits = Traits().promote().floats().cost(8),
  };
}

}  // namespace gradmill
