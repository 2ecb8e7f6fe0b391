#include "ops/recurrent/sequence.h"

#include "ops/build.h"
#include "ops/recurrent/recurrence.h"

namespace gradmill {

int64_t check_recurrence(const InferScope& s, int x, int64_t gates) {
  s.check_float(x);
  const Shape &given = s.input(x).shape, &kernel = s.input(x + 1).shape, &recurrent = s.input(x + 2).shape;
  if (recurrent.rank() != 2 || recurrent[1] != gates * recurrent[0]) {
    s.shape_error("recurrent_kernel must have shape (units, ", gates, " * units); received ", recurrent);
  }
  if (given.rank() != 3 || kernel.rank() != 2 || kernel[0] != given[2] || kernel[1] != recurrent[1]) {
    s.shape_error("x must have shape (batch, steps, features) and kernel (features, ", gates, " * units) with units = ",
                  recurrent[0], "; received ", given, " and ", kernel);
  }
  if (given[1] == 0) s.shape_error("x must have at least one step; received ", given);
  return recurrent[0];
}

void check_shapes(const InferScope& s, const std::vector<Shape>& wanted) {
  const int last = s.input_count() - 1;
  for (int i = 0; i <= last; ++i) {
    const Shape& shape = s.input(i).shape;
    if (i < last && s.input(i).dtype != s.input(0).dtype) {
      s.dtype_error("input ", i, " must be ", name_of(s.input(0).dtype), " as input 0 is; received ", name_of(s.input(i).dtype));
    }
    if (shape == wanted[static_cast<size_t>(i)]) continue;
    s.shape_error(i == last ? text("mask") : text("input ", i), " must have shape ", wanted[static_cast<size_t>(i)],
                  "; received ", shape);
  }
  if (s.input(last).dtype != DType::boolean) s.dtype_error("mask must be bool; received ", name_of(s.input(last).dtype));
}

Shape sequence(const Shape& like, int64_t features) { return {like[0], like[1], features}; }

Var sums_of_inputs(const Var& x, const Var& kernel, const Var& bias) {
  const Shape& shape = x.shape();
  const Var z = matmul(reshape(x, {shape[0] * shape[1], shape[2]}), kernel) + bias;
  return reshape(z, sequence(shape, kernel.shape()[1]));
}

Var step_of(const Var& x, int64_t t) {
  const Shape& shape = x.shape();
  return reshape(slice(x, {0, t, 0}, {shape[0], 1, shape[2]}, {1, 1, 1}), {shape[0], shape[2]});
}

Var columns_of(const Var& x, int64_t part, int64_t units) {
  return slice(x, {0, part * units}, {x.shape()[0], units}, {1, 1});
}

Var joined_steps(const Vars& steps) {
  Vars apart;
  for (const Var& step : steps) apart.push_back(reshape(step, {step.shape()[0], 1, step.shape()[1]}));
  return concatenate(apart, 1);
}

Var counts_at(const Var& mask, int64_t t) { return slice(mask, {0, t}, {mask.shape()[0], 1}, {1, 1}); }

Vars gradients_back(const GradientScope& g, OpId op, const Vars& given) {
  const auto& forward = g.attributes<RecurrenceAttributes>();
  const RecurrenceBackAttributes attributes{forward.backwards, g.needs(0), forward.reset_after};
  Vars gradients = emit(op_definition(op), given, Attributes::of(attributes));
  gradients.push_back(Var());
  return gradients;
}

Var arriving(const GradientScope& g, int index) {
  return g.dy(index) ? g.dy(index) : zeros({g.output(index).dtype(), g.output(index).shape()});
}

}  // namespace gradmill
