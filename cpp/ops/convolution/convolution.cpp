#include "ops/convolution/convolution.h"

#include "base/check.h"
#include "ops/build.h"
#include "ops/convolution/convolution_shapes.h"
#include "ops/elementwise/tile_group.h"

namespace gradmill {

Var convolution(const Var& x, const Var& kernel, const ConvolutionAttributes& attributes) {
  const Shape &xs = x.shape(), &ks = kernel.shape();
  if (xs.rank() == ks.rank() && xs.rank() > 2 && xs.back() == ks[ks.rank() - 2] && is_pointwise(attributes, ks)) {
    return matmul(x, reshape(kernel, {xs.back(), ks.back()}));
  }
  ConvolutionAttributes own = attributes;
  own.input_size.clear();
  own.kernel_size.clear();
  own.epilogue = nullptr;
  return emit_one(op_definition(OpId::convolution), {x, kernel}, Attributes::of(own));
}

OpDef define_convolution() {
  using A = ConvolutionAttributes;
  Signature signature("convolution", "Cross-correlation of images with a kernel, channels last.");
  signature.input("x", "(batch, 1 to 3 spatial axes, channels)")
      .inputs("kernel", "(spatial axes, channels / groups, filters)")
      .output("y", "(batch, spatial axes, filters)");
  convolution_attributes(signature)
      .attribute("epilogue", &A::epilogue, "elementwise ops on the result; made by the compiler");
  return {
      .signature = signature,
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 3, 5);
            const Shape &x = s.input(0).shape, &kernel = s.input(1).shape;
            if (kernel.rank() != x.rank()) {
              s.shape_error("expected a kernel of ", x.rank(), " axes for x ", x, "; received kernel ", kernel);
            }
            const A a = checked_attributes(s, x.rank() - 2);
            const TensorType result{arithmetic_type(s.input(0).dtype), image_shape(x[0], convolved_size(s, a, x, kernel, "x"), kernel.back())};
            if (!a.epilogue) {
              if (s.input_count() != 2) s.argument_error("expected 2 inputs; received ", s.input_count());
              s.add_output(result);
              return;
            }
            GM_CHECK(a.epilogue->shape == result.shape, "an epilogue of shape ", a.epilogue->shape);
            for (int value : a.epilogue->outputs) s.add_output(a.epilogue->values[value].type);
          },
      .gradient =
          [](const GradientScope& g) {
            const A& a = g.attributes<A>();
            GM_CHECK(!a.epilogue, "the gradient of a compiled convolution");
            Vars result(2);
            if (g.needs(0)) result[0] = convolution_input_gradient(g.dy(), g.input(1), a, g.input(0).shape());
            if (g.needs(1)) result[1] = convolution_kernel_gradient(g.input(0), g.dy(), a, g.input(1).shape());
            return result;
          },
      .decompose = nullptr,
      .traits = Traits().promote().floats(),
  };
}

}  // namespace gradmill
