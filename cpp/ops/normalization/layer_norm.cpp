#include "ops/normalization/layer_norm.h"

#include "ops/build.h"

namespace gradmill {
namespace {

using A = LayerNormAttributes;

Shape without_last(const Shape& shape) {
  Shape result;
  for (int i = 0; i + 1 < shape.rank(); ++i) result.append(shape[i]);
  return result;
}

// Refuses inputs other than these, of which x gives the size.
void check_inputs(const InferScope& s, const TensorType& x, const std::vector<TensorType>& wanted) {
  if (x.shape.back() == 0) s.shape_error("the last axis of x must have elements; received ", x.shape);
  for (int i = 0; i < s.input_count(); ++i) {
    const TensorType& expected = wanted[static_cast<size_t>(i)];
    if (s.input(i) != expected) s.shape_error("input ", i, " must be ", expected, " beside ", x, "; received ", s.input(i));
  }
}

Var by_row(const Var& numbers, const Shape& x) {
  Shape column = without_last(x);
  column.append(1);
  return reshape(numbers, column);
}

Vars layer_norm_in_full(const OpScope& s) {
  const Var &x = s.input(0), &scale = s.input(1), &offset = s.input(2);
  const double share = 1 / static_cast<double>(x.shape().back());
  const Shape rows = without_last(x.shape());
  const Var mean = s.attributes<A>().centred ? sum(x, {-1}) * share : zeros({x.dtype(), rows});
  const Var centred = x - by_row(mean, x.shape());
  const Var inverse = rsqrt(sum(centred * centred, {-1}) * share + s.attributes<A>().epsilon);
  return {centred * by_row(inverse, x.shape()) * scale + offset, mean, inverse};
}

}  // namespace

OpDef define_layer_norm() {
  return {
      .signature = Signature("layer_norm", "Each row along the last axis with mean 0 and variance 1, then scaled and shifted.")
                       .input("x", "rank >= 1, (..., channels)")
                       .input("scale", "(channels,)")
                       .input("offset", "(channels,)")
                       .output("y", "shape of x")
                       .output("mean", "of each row, or zeros; shape of x without its last axis")
                       .output("inverse", "of each row, 1 / sqrt(mean square + epsilon)")
                       .attribute("epsilon", &A::epsilon, "added to the mean square of a row without its mean")
                       .attribute("centred", &A::centred, "whether the mean is taken away")
                       .reference("Ba, Kiros and Hinton 2016; without the mean: Zhang and Sennrich 2019"),
      .infer =
          [](InferScope& s) {
            s.check_float(0);
            s.check_rank(0, 1);
            const TensorType x = s.input(0), channels{arithmetic_type(x.dtype), {x.shape.back()}}, rows{channels.dtype, without_last(x.shape)};
            check_inputs(s, x, {x, channels, channels});
            for (const TensorType& type : {x, rows, rows}) s.add_output(type);
          },
      .gradient =
          [](const GradientScope& g) {
            const Var &x = g.input(0), &mean = g.output(1), &inverse = g.output(2);
            Vars result(3);
            if (g.dy(0)) {
              result = emit(op_definition(OpId::layer_norm_backward), {g.dy(0), x, g.input(1), mean, inverse}, g.all_attributes());
            }
            // What arrives at mean and inverse when the gradient is itself differentiated.
            const auto add = [&](const Var& part) { result[0] = result[0] ? result[0] + part : part; };
            const double share = 1 / static_cast<double>(x.shape().back());
            if (g.dy(1) && g.attributes<A>().centred) add(broadcast_to(by_row(g.dy(1) * share, x.shape()), x.shape()));
            if (g.dy(2)) {
              const Var slope = g.dy(2) * inverse * inverse * inverse * -share;
              add((x - by_row(mean, x.shape())) * by_row(slope, x.shape()));
            }
            return result;
          },
      .decompose = layer_norm_in_full,
      .traits = Traits().promote().floats(),
  };
}

OpDef define_layer_norm_backward() {
  return {
      .signature = Signature("layer_norm_backward", "What arrives at the inputs of layer_norm.")
                       .input("dy", "shape of x")
                       .input("x", "(..., channels)")
                       .input("scale", "(channels,)")
                       .input("mean", "of layer_norm")
                       .input("inverse", "of layer_norm")
                       .output("dx", "shape of x")
                       .output("d_scale", "(channels,)")
                       .output("d_offset", "(channels,)")
                       .attribute("epsilon", &A::epsilon, "as layer_norm had it")
                       .attribute("centred", &A::centred, "as layer_norm had it")
                       .reference("Ba, Kiros and Hinton 2016"),
      .infer =
          [](InferScope& s) {
            s.check_float(0);
            s.check_rank(1, 1);
            const TensorType x = s.input(1), channels{arithmetic_type(x.dtype), {x.shape.back()}}, rows{channels.dtype, without_last(x.shape)};
            check_inputs(s, x, {x, x, channels, rows, rows});
            for (const TensorType& type : {x, channels, channels}) s.add_output(type);
          },
      .gradient = nullptr,
      .decompose =
          [](const OpScope& s) {
            const Var &dy = s.input(0), &x = s.input(1), &scale = s.input(2);
            const double share = 1 / static_cast<double>(x.shape().back());
            const Var inverse = by_row(s.input(4), x.shape()), normal = (x - by_row(s.input(3), x.shape())) * inverse;
            const Var arrives = dy * scale;
            Var rest = arrives - normal * (sum(arrives * normal, {-1}, true) * share);
            if (s.attributes<A>().centred) rest = rest - sum(arrives, {-1}, true) * share;
            Ints all;
            for (int i = 0; i + 1 < x.shape().rank(); ++i) all.push_back(i);
            const auto over_rows = [&](const Var& v) { return all.empty() ? v : sum(v, all); };
            return Vars{rest * inverse, over_rows(dy * normal), over_rows(dy)};
          },
      .traits = Traits().without_gradient(),
  };
}

}  // namespace gradmill
