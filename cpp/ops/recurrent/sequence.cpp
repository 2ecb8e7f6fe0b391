#include "ops/recurrent/sequence.h"

#include "ops/build.h"

namespace gradmill {

int64_t check_recurrence(const InferScope& s, int64_t gates) {
  s.check_float(0);
  const Shape &z = s.input(0).shape, &kernel = s.input(1).shape;
  if (z.rank() != 3 || kernel.rank() != 2 || kernel[1] != gates * kernel[0] || z[2] != kernel[1]) {
    s.shape_error("z must have shape (batch, steps, ", gates, " * units) and recurrent_kernel (units, ", gates,
                  " * units); received ", z, " and ", kernel);
  }
  if (z[1] == 0) s.shape_error("z must have at least one step; received ", z);
  return kernel[0];
}

void check_shapes(const InferScope& s, const std::vector<Shape>& wanted) {
  const int last = s.input_count() - 1;
  for (int i = 0; i <= last; ++i) {
    const Shape& shape = s.input(i).shape;
    if (shape == wanted[static_cast<size_t>(i)]) continue;
    s.shape_error(i == last ? text("mask") : text("input ", i), " must have shape ", wanted[static_cast<size_t>(i)], " beside ",
                  s.input(0).shape, "; received ", shape);
  }
  if (s.input(last).dtype != DType::boolean) s.dtype_error("mask must be bool; received ", name_of(s.input(last).dtype));
}

Shape sequence(const Shape& like, int64_t features) { return {like[0], like[1], features}; }

Var step_of(const Var& x, int64_t t) {
  const Shape& shape = x.shape();
  return reshape(slice(x, {0, t, 0}, {shape[0], 1, shape[2]}, {1, 1, 1}), {shape[0], shape[2]});
}

Var columns_of(const Var& x, int64_t part, int64_t units) {
  return slice(x, {0, part * units}, {x.shape()[0], units}, {1, 1});
}

Var states_before(const Var& first, const Var& states, bool backwards) {
  const Shape& shape = states.shape();
  const int64_t steps = shape[1];
  const Var start = reshape(first, {shape[0], 1, shape[2]});
  const Var rest = slice(states, {0, backwards ? 1 : 0, 0}, {shape[0], steps - 1, shape[2]}, {1, 1, 1});
  return backwards ? concatenate({rest, start}, 1) : concatenate({start, rest}, 1);
}

Var joined_steps(const Vars& steps) {
  Vars apart;
  for (const Var& step : steps) apart.push_back(reshape(step, {step.shape()[0], 1, step.shape()[1]}));
  return concatenate(apart, 1);
}

}  // namespace gradmill
