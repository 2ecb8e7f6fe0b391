#include "ops/build.h"
#include "ops/convolution/convolution.h"
#include "ops/convolution/convolution_shapes.h"

namespace gradmill {

Var convolution_input_gradient(const Var& dy, const Var& kernel, const ConvolutionAttributes& attributes, const Shape& x) {
  const Shape &ys = dy.shape(), &ks = kernel.shape();
  if (ys.rank() == ks.rank() && ys.rank() > 2 && ys.back() == ks.back() && is_pointwise(attributes, ks)) {
    return matmul(dy, reshape(kernel, {ks[ks.rank() - 2], ks.back()}), false, true);
  }
  ConvolutionAttributes own = attributes;
  own.input_size.assign(x.begin() + 1, x.end() - 1);
  own.kernel_size.clear();
  own.epilogue = nullptr;
  return emit_one(op_definition(OpId::convolution_input_gradient), {dy, kernel}, Attributes::of(own));
}

OpDef define_convolution_input_gradient() {
  using A = ConvolutionAttributes;
  Signature signature("convolution_input_gradient",
                      "The gradient of a convolution with respect to its input; also the transposed convolution.");
  signature.input("dy", "gradient of the convolution's output, (batch, spatial axes, filters)")
      .input("kernel", "(spatial axes, channels / groups, filters)")
      .output("dx", "(batch, input_size, channels)");
  convolution_attributes(signature).attribute("input_size", &A::input_size, "spatial sizes of the convolution's input");
  return {
      .signature = signature,
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 3, 5);
            const Shape &dy = s.input(0).shape, &kernel = s.input(1).shape;
            const int rank = dy.rank() - 2;
            if (kernel.rank() != dy.rank()) {
              s.shape_error("expected a kernel of ", dy.rank(), " axes for dy ", dy, "; received kernel ", kernel);
            }
            const A a = checked_attributes(s, rank);
            if (a.input_size.size() != static_cast<size_t>(rank)) {
              s.argument_error("input_size must have one entry for each of the ", rank, " spatial axes; received ",
                               a.input_size.size());
            }
            if (kernel[rank] > INT64_MAX / a.groups) s.shape_error("too many channels: groups=", a.groups);
            const Shape x = image_shape(dy[0], a.input_size, kernel[rank] * a.groups);
            const Ints size = convolved_size(s, a, x, kernel, "the result");
            if (dy != image_shape(dy[0], size, kernel.back())) {
              s.shape_error("expected dy of shape ", image_shape(dy[0], size, kernel.back()), ", the convolution of ", x,
                            " with kernel ", kernel, "; received ", dy);
            }
            s.add_output({arithmetic_type(s.input(0).dtype), x});
          },
      .gradient =
          [](const GradientScope& g) {  // linear in both inputs, so the forward ops serve again
            const A& a = g.attributes<A>();
            Vars result(2);
            if (g.needs(0)) result[0] = convolution(g.dy(), g.input(1), a);
            if (g.needs(1)) result[1] = convolution_kernel_gradient(g.dy(), g.input(0), a, g.input(1).shape());
            return result;
          },
      .decompose = nullptr,
      .traits = Traits().promote().floats(),
  };
}

}  // namespace gradmill
