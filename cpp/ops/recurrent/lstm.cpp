#include "ops/build.h"
#include "ops/recurrent/recurrence.h"
#include "ops/recurrent/sequence.h"

namespace gradmill {

namespace {

using A = RecurrenceAttributes;

void infer_lstm(InferScope& s) {
  const int64_t units = check_recurrence(s, 0, 4);
  const Shape &x = s.input(0).shape, state{x[0], units};
  check_shapes(s, {x, s.input(1).shape, s.input(2).shape, {4 * units}, state, state, {x[0], x[1]}});
  s.add_output({s.input(0).dtype, sequence(x, units)});
  s.add_output({s.input(0).dtype, sequence(x, units)});
  s.add_output({s.input(0).dtype, sequence(x, 4 * units)});
}

Vars lstm_step_by_step(const OpScope& s) {
  const Var z = sums_of_inputs(s.input(0), s.input(1), s.input(3));
  const Var &kernel = s.input(2), &mask = s.input(6);
  const int64_t steps = z.shape()[1], units = kernel.shape()[0];
  const bool backwards = s.attributes<A>().backwards;
  Var h = s.input(4), c = s.input(5);
  std::vector<Vars> made(3, Vars(static_cast<size_t>(steps)));
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t t = backwards ? steps - 1 - step : step;
    const Var sums = step_of(z, t) + matmul(h, kernel);
    const Var i = sigmoid(columns_of(sums, 0, units)), f = sigmoid(columns_of(sums, 1, units));
    const Var g = tanh(columns_of(sums, 2, units)), o = sigmoid(columns_of(sums, 3, units));
    const Var counts = counts_at(mask, t);
    const Var next = f * c + i * g;
    h = where(counts, o * tanh(next), h);
    c = where(counts, next, c);
    const Var gates = concatenate({i, f, g, o}, 1);
    const Vars parts{h, c, where(counts, gates, 0.0)};
    for (size_t k = 0; k < 3; ++k) made[k][static_cast<size_t>(t)] = parts[k];
  }
  return {joined_steps(made[0]), joined_steps(made[1]), joined_steps(made[2])};
}

}  // namespace

OpDef define_lstm() {
  return {
      .signature = Signature("lstm", "A long short-term memory over a sequence. With the sums s = x[:, t] W + h R + b of four "
                                     "gates, i = sigmoid(s_i), f = sigmoid(s_f), g = tanh(s_g), o = sigmoid(s_o), each step makes "
                                     "c = f c + i g and h = o tanh(c), where the mask counts it; else both stay.")
                       .input("x", "(batch, steps, features)")
                       .input("kernel", "W, (features, 4 * units), for the gates i, f, g, o")
                       .input("recurrent_kernel", "R, (units, 4 * units)")
                       .input("bias", "b, (4 * units,)")
                       .input("h0", "(batch, units)")
                       .input("c0", "(batch, units)")
                       .input("mask", "bool, (batch, steps)")
                       .output("outputs", "h after each step, (batch, steps, units)")
                       .output("cells", "c after each step, (batch, steps, units)")
                       .output("gates", "i, f, g and o of each step, zeros where it does not count; (batch, steps, 4 * units)")
                       .attribute("backwards", &A::backwards, "whether the last step comes first")
                       .reference("Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and Cummins 2000"),
      .infer = infer_lstm,
      .gradient =
          [](const GradientScope& g) {
            if (g.dy(2)) throw UnsupportedError("lstm: no gradient flows through the gates; use outputs and cells");
            return gradients_back(g, OpId::lstm_backward,
                                  {arriving(g, 0), arriving(g, 1), g.input(0), g.input(1), g.input(2), g.input(4), g.input(5),
                                   g.output(0), g.output(1), g.output(2), g.input(6)});
          },
      .decompose = lstm_step_by_step,
      .traits = Traits(),
  };
}

OpDef define_lstm_backward() {
  return {
      .signature = Signature("lstm_backward", "What arrives at the inputs of lstm, by the chain rule from its last step to its first.")
                       .input("d_outputs", "(batch, steps, units)")
                       .input("d_cells", "(batch, steps, units)")
                       .input("x", "(batch, steps, features)")
                       .input("kernel", "(features, 4 * units)")
                       .input("recurrent_kernel", "(units, 4 * units)")
                       .input("h0", "(batch, units)")
                       .input("c0", "(batch, units)")
                       .input("outputs", "of lstm, (batch, steps, units)")
                       .input("cells", "of lstm, (batch, steps, units)")
                       .input("gates", "of lstm, (batch, steps, 4 * units)")
                       .input("mask", "bool, (batch, steps)")
                       .output("dx", "shape of x")
                       .output("d_kernel", "shape of kernel")
                       .output("d_recurrent_kernel", "shape of recurrent_kernel")
                       .output("d_bias", "(4 * units,)")
                       .output("dh0", "(batch, units)")
                       .output("dc0", "(batch, units)")
                       .attribute("backwards", &RecurrenceBackAttributes::backwards, "as lstm had it")
                       .attribute("wants_x", &RecurrenceBackAttributes::wants_x, "whether to make dx; else it is zeros")
                       .reference("Werbos 1990"),
      .infer =
          [](InferScope& s) {
            const int64_t units = check_recurrence(s, 2, 4);
            const Shape &x = s.input(2).shape, state{x[0], units}, states = sequence(x, units);
            check_shapes(s, {states, states, x, s.input(3).shape, s.input(4).shape, state, state, states, states,
                             sequence(x, 4 * units), {x[0], x[1]}});
            for (int i = 2; i < 5; ++i) s.add_output(s.input(i));
            s.add_output({s.input(2).dtype, Shape{4 * units}});
            s.add_output(s.input(5));
            s.add_output(s.input(6));
          },
      .gradient = nullptr,
      .decompose = nullptr,
      .traits = Traits().without_gradient(),
  };
}

}  // namespace gradmill
