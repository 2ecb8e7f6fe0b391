#include "ops/build.h"
#include "ops/recurrent/recurrence.h"
#include "ops/recurrent/sequence.h"

namespace gradmill {

namespace {

using A = RecurrenceAttributes;

void infer_simple_rnn(InferScope& s) {
  const int64_t units = check_recurrence(s, 0, 1);
  const Shape& x = s.input(0).shape;
  check_shapes(s, {x, s.input(1).shape, s.input(2).shape, {units}, {x[0], units}, {x[0], x[1]}});
  s.add_output({s.input(0).dtype, sequence(x, units)});
}

Vars simple_rnn_step_by_step(const OpScope& s) {
  const Var z = sums_of_inputs(s.input(0), s.input(1), s.input(3));
  const int64_t steps = z.shape()[1];
  Var h = s.input(4);
  Vars outputs(static_cast<size_t>(steps));
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t t = s.attributes<A>().backwards ? steps - 1 - step : step;
    h = where(counts_at(s.input(5), t), tanh(step_of(z, t) + matmul(h, s.input(2))), h);
    outputs[static_cast<size_t>(t)] = h;
  }
  return {joined_steps(outputs)};
}

}  // namespace

OpDef define_simple_rnn() {
  return {
      .signature = Signature("simple_rnn", "A recurrent network over a sequence: each step makes h = tanh(x[:, t] W + h R + b), "
                                           "where the mask counts it; else h stays.")
                       .input("x", "(batch, steps, features)")
                       .input("kernel", "W, (features, units)")
                       .input("recurrent_kernel", "R, (units, units)")
                       .input("bias", "b, (units,)")
                       .input("h0", "(batch, units)")
                       .input("mask", "bool, (batch, steps)")
                       .output("outputs", "h after each step, (batch, steps, units)")
                       .attribute("backwards", &A::backwards, "whether the last step comes first")
                       .reference("Elman 1990"),
      .infer = infer_simple_rnn,
      .gradient =
          [](const GradientScope& g) {
            return gradients_back(g, OpId::simple_rnn_backward,
                                  {g.dy(), g.input(0), g.input(1), g.input(2), g.input(4), g.output(0), g.input(5)});
          },
      .decompose = simple_rnn_step_by_step,
      .traits = Traits(),
  };
}

OpDef define_simple_rnn_backward() {
  return {
      .signature = Signature("simple_rnn_backward",
                             "What arrives at the inputs of simple_rnn, by the chain rule from its last step to its first.")
                       .input("d_outputs", "(batch, steps, units)")
                       .input("x", "(batch, steps, features)")
                       .input("kernel", "(features, units)")
                       .input("recurrent_kernel", "(units, units)")
                       .input("h0", "(batch, units)")
                       .input("outputs", "of simple_rnn, (batch, steps, units)")
                       .input("mask", "bool, (batch, steps)")
                       .output("dx", "shape of x")
                       .output("d_kernel", "shape of kernel")
                       .output("d_recurrent_kernel", "shape of recurrent_kernel")
                       .output("d_bias", "(units,)")
                       .output("dh0", "(batch, units)")
                       .attribute("backwards", &RecurrenceBackAttributes::backwards, "as simple_rnn had it")
                       .attribute("wants_x", &RecurrenceBackAttributes::wants_x, "whether to make dx; else it is zeros")
                       .reference("Werbos 1990"),
      .infer =
          [](InferScope& s) {
            const int64_t units = check_recurrence(s, 1, 1);
            const Shape &x = s.input(1).shape, states = sequence(x, units);
            check_shapes(s, {states, x, s.input(2).shape, s.input(3).shape, {x[0], units}, states, {x[0], x[1]}});
            for (int i = 1; i < 4; ++i) s.add_output(s.input(i));
            s.add_output({s.input(1).dtype, Shape{units}});
            s.add_output(s.input(4));
          },
      .gradient = nullptr,
      .decompose = nullptr,
      .traits = Traits().without_gradient(),
  };
}

}  // namespace gradmill
