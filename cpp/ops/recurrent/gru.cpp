#include "ops/build.h"
#include "ops/recurrent/recurrence.h"
#include "ops/recurrent/sequence.h"

namespace gradmill {

namespace {

using A = RecurrenceAttributes;

void infer_gru(InferScope& s) {
  const int64_t units = check_recurrence(s, 0, 3);
  const Shape& x = s.input(0).shape;
  check_shapes(s, {x, s.input(1).shape, s.input(2).shape, {2, 3 * units}, {x[0], units}, {x[0], x[1]}});
  s.add_output({s.input(0).dtype, sequence(x, units)});
  s.add_output({s.input(0).dtype, sequence(x, 4 * units)});
}

Vars gru_step_by_step(const OpScope& s) {
  const Var &kernel = s.input(2), &mask = s.input(5);
  const Var bias = slice(s.input(3), {1, 0}, {1, kernel.shape()[1]}, {1, 1});
  const Var z = sums_of_inputs(s.input(0), s.input(1), slice(s.input(3), {0, 0}, {1, kernel.shape()[1]}, {1, 1}));
  const int64_t steps = z.shape()[1], units = kernel.shape()[0];
  const bool backwards = s.attributes<A>().backwards;
  Var h = s.input(4);
  Vars outputs(static_cast<size_t>(steps)), gates(static_cast<size_t>(steps));
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t t = backwards ? steps - 1 - step : step;
    const Var given = step_of(z, t), recurrent = matmul(h, kernel) + bias;
    const auto part = [&](const Var& x, int64_t gate) { return columns_of(x, gate, units); };
    const Var u = sigmoid(part(given, 0) + part(recurrent, 0)), r = sigmoid(part(given, 1) + part(recurrent, 1));
    const Var inner = part(recurrent, 2), g = tanh(part(given, 2) + r * inner);
    const Var counts = counts_at(mask, t);
    h = where(counts, g + u * (h - g), h);
    outputs[static_cast<size_t>(t)] = h;
    gates[static_cast<size_t>(t)] = where(counts, concatenate({u, r, g, inner}, 1), 0.0);
  }
  return {joined_steps(outputs), joined_steps(gates)};
}

}  // namespace

OpDef define_gru() {
  return {
      .signature = Signature("gru", "Gated recurrent units over a sequence. With the sums s = x[:, t] W + b_0 of the inputs and "
                                    "p = h R + b_1 of the states, u = sigmoid(s_u + p_u), r = sigmoid(s_r + p_r), "
                                    "g = tanh(s_g + r p_g), each step makes h = u h + (1 - u) g, where the mask counts it; "
                                    "else h stays.")
                       .input("x", "(batch, steps, features)")
                       .input("kernel", "W, (features, 3 * units), for u, r and g")
                       .input("recurrent_kernel", "R, (units, 3 * units)")
                       .input("bias", "b, (2, 3 * units)")
                       .input("h0", "(batch, units)")
                       .input("mask", "bool, (batch, steps)")
                       .output("outputs", "h after each step, (batch, steps, units)")
                       .output("gates", "u, r, g and p_g of each step, zeros where it does not count; (batch, steps, 4 * units)")
                       .attribute("backwards", &A::backwards, "whether the last step comes first")
                       .reference("Cho et al. 2014, with the reset behind the product"),
      .infer = infer_gru,
      .gradient =
          [](const GradientScope& g) {
            if (g.dy(1)) throw UnsupportedError("gru: no gradient flows through the gates; use outputs");
            return gradients_back(g, OpId::gru_backward,
                                  {arriving(g, 0), g.input(0), g.input(1), g.input(2), g.input(4), g.output(0), g.output(1),
                                   g.input(5)});
          },
      .decompose = gru_step_by_step,
      .traits = Traits(),
  };
}

OpDef define_gru_backward() {
  return {
      .signature = Signature("gru_backward", "What arrives at the inputs of gru, by the chain rule from its last step to its first.")
                       .input("d_outputs", "(batch, steps, units)")
                       .input("x", "(batch, steps, features)")
                       .input("kernel", "(features, 3 * units)")
                       .input("recurrent_kernel", "(units, 3 * units)")
                       .input("h0", "(batch, units)")
                       .input("outputs", "of gru, (batch, steps, units)")
                       .input("gates", "of gru, (batch, steps, 4 * units)")
                       .input("mask", "bool, (batch, steps)")
                       .output("dx", "shape of x")
                       .output("d_kernel", "shape of kernel")
                       .output("d_recurrent_kernel", "shape of recurrent_kernel")
                       .output("d_bias", "(2, 3 * units)")
                       .output("dh0", "(batch, units)")
                       .attribute("backwards", &RecurrenceBackAttributes::backwards, "as gru had it")
                       .attribute("wants_x", &RecurrenceBackAttributes::wants_x, "whether to make dx; else it is zeros")
                       .reference("Werbos 1990"),
      .infer =
          [](InferScope& s) {
            const int64_t units = check_recurrence(s, 1, 3);
            const Shape &x = s.input(1).shape, states = sequence(x, units);
            check_shapes(s, {states, x, s.input(2).shape, s.input(3).shape, {x[0], units}, states, sequence(x, 4 * units),
                             {x[0], x[1]}});
            for (int i = 1; i < 4; ++i) s.add_output(s.input(i));
            s.add_output({s.input(1).dtype, Shape{2, 3 * units}});
            s.add_output(s.input(4));
          },
      .gradient = nullptr,
      .decompose = nullptr,
      .traits = Traits().without_gradient(),
  };
}

}  // namespace gradmill
