#include "ops/build.h"
#include "ops/convolution/convolution.h"
#include "ops/convolution/convolution_shapes.h"

namespace gradmill {

Var convolution_kernel_gradient(const Var& x, const Var& dy, const ConvolutionAttributes& attributes, const Shape& kernel) {
  const Shape &xs = x.shape(), &ys = dy.shape();
  if (is_pointwise(attributes, kernel) && xs.rank() == ys.rank() && xs.rank() > 2) {
    const Var product = matmul(reshape(x, {xs.elements() / xs.back(), xs.back()}),
                               reshape(dy, {ys.elements() / ys.back(), ys.back()}), true, false);
    return reshape(product, kernel);
  }
  ConvolutionAttributes own = attributes;
  own.kernel_size.assign(kernel.begin(), kernel.end() - 2);
  own.input_size.clear();
  own.epilogue = nullptr;
  return emit_one(op_definition(OpId::convolution_kernel_gradient), {x, dy}, Attributes::of(own));
}

OpDef define_convolution_kernel_gradient() {
  using A = ConvolutionAttributes;
  Signature signature("convolution_kernel_gradient", "The gradient of a convolution with respect to its kernel.");
  signature.input("x", "the convolution's input, (batch, spatial axes, channels)")
      .input("dy", "gradient of the convolution's output, (batch, spatial axes, filters)")
      .output("dkernel", "(kernel_size, channels / groups, filters)");
  convolution_attributes(signature).attribute("kernel_size", &A::kernel_size, "spatial sizes of the kernel");
  return {
      .signature = signature,
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 3, 5);
            const Shape &x = s.input(0).shape, &dy = s.input(1).shape;
            const int rank = x.rank() - 2;
            if (dy.rank() != x.rank()) s.shape_error("expected dy of ", x.rank(), " axes for x ", x, "; received ", dy);
            const A a = checked_attributes(s, rank);
            if (a.kernel_size.size() != static_cast<size_t>(rank)) {
              s.argument_error("kernel_size must have one entry for each of the ", rank, " spatial axes; received ",
                               a.kernel_size.size());
            }
            std::vector<int64_t> dims(a.kernel_size);
            dims.push_back(x.back() / a.groups);
            dims.push_back(dy.back());
            const Shape kernel(dims);
            const Ints size = convolved_size(s, a, x, kernel, "x");
            if (dy != image_shape(x[0], size, dy.back())) {
              s.shape_error("expected dy of shape ", image_shape(x[0], size, dy.back()), ", the convolution of x ", x,
                            " with a kernel of shape ", kernel, "; received ", dy);
            }
            s.add_output({arithmetic_type(s.input(0).dtype), kernel});
          },
      .gradient =
          [](const GradientScope& g) {
            const A& a = g.attributes<A>();
            Vars result(2);
            if (g.needs(0)) result[0] = convolution_input_gradient(g.input(1), g.dy(), a, g.input(0).shape());
            if (g.needs(1)) result[1] = convolution(g.input(0), g.dy(), a);
            return result;
          },
      .decompose = nullptr,
      .traits = Traits().promote().floats(),
  };
}

}  // namespace gradmill
