#include "ops/recurrent/sequence.h"

#include "ops/build.h"

namespace gradmill {

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
