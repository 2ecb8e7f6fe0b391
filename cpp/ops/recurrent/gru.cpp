#include "ops/build.h"
#include "ops/recurrent/recurrence.h"
#include "ops/recurrent/sequence.h"

namespace gradmill {

namespace {

using A = RecurrenceAttributes;

// With the reset behind the product, inputs and states have biases of their own, and what the states give to g is kept.
Shape bias_shape(bool reset_after, int64_t units) { return reset_after ? Shape{2, 3 * units} : Shape{3 * units}; }
int64_t kept_of_a_unit(bool reset_after) { return reset_after ? 4 : 3; }

void infer_gru(InferScope& s) {
  const int64_t units = check_recurrence(s, 0, 3);
  const bool reset_after = s.attributes<A>().reset_after;
  const Shape& x = s.input(0).shape;
  check_shapes(s, {x, s.input(1).shape, s.input(2).shape, bias_shape(reset_after, units), {x[0], units}, {x[0], x[1]}});
  s.add_output({s.input(0).dtype, sequence(x, units)});
  s.add_output({s.input(0).dtype, sequence(x, kept_of_a_unit(reset_after) * units)});
}

// New state and what is kept of one step: from the sums of the inputs, the state and the recurrent kernel.
struct Step {
  Var state, kept;
};

Step step_with_reset_after(const Var& given, const Var& h, const Var& kernel, const Var& bias) {
  const int64_t units = kernel.shape()[0];
  const auto part = [&](const Var& x, int64_t gate) { return columns_of(x, gate, units); };
  const Var recurrent = matmul(h, kernel) + bias, inner = part(recurrent, 2);
  const Var u = sigmoid(part(given, 0) + part(recurrent, 0)), r = sigmoid(part(given, 1) + part(recurrent, 1));
  const Var g = tanh(part(given, 2) + r * inner);
  return {g + u * (h - g), concatenate({u, r, g, inner}, 1)};
}

Step step_with_reset_before(const Var& given, const Var& h, const Var& kernel) {
  const int64_t units = kernel.shape()[0];
  const auto sum = [&](const Var& x, int64_t gate) {
    return columns_of(given, gate, units) + matmul(x, columns_of(kernel, gate, units));
  };
  const Var u = sigmoid(sum(h, 0)), r = sigmoid(sum(h, 1)), g = tanh(sum(r * h, 2));
  return {g + u * (h - g), concatenate({u, r, g}, 1)};
}

Vars gru_step_by_step(const OpScope& s) {
  const Var &kernel = s.input(2), &mask = s.input(5);
  const bool backwards = s.attributes<A>().backwards, reset_after = s.attributes<A>().reset_after;
  const auto bias = [&](int64_t row) {
    return reset_after ? slice(s.input(3), {row, 0}, {1, kernel.shape()[1]}, {1, 1}) : s.input(3);
  };
  const Var z = sums_of_inputs(s.input(0), s.input(1), bias(0));
  const int64_t steps = z.shape()[1];
  Var h = s.input(4);
  Vars outputs(static_cast<size_t>(steps)), gates(static_cast<size_t>(steps));
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t t = backwards ? steps - 1 - step : step;
    const Var given = step_of(z, t), counts = counts_at(mask, t);
    const Step made =
        reset_after ? step_with_reset_after(given, h, kernel, bias(1)) : step_with_reset_before(given, h, kernel);
    h = where(counts, made.state, h);
    outputs[static_cast<size_t>(t)] = h;
    gates[static_cast<size_t>(t)] = where(counts, made.kept, 0.0);
  }
  return {joined_steps(outputs), joined_steps(gates)};
}

}  // namespace

OpDef define_gru() {
  return {
      .signature = Signature("gru", "Gated recurrent units over a sequence. With the sums s = x[:, t] W + b_0 of the inputs and "
                                    "p = h R + b_1 of the states, u = sigmoid(s_u + p_u), r = sigmoid(s_r + p_r), "
                                    "g = tanh(s_g + r p_g), each step makes h = u h + (1 - u) g, where the mask counts it; "
                                    "else h stays. Without reset_after g = tanh(s_g + (r h) R_g), and b is b_0 alone.")
                       .input("x", "(batch, steps, features)")
                       .input("kernel", "W, (features, 3 * units), for u, r and g")
                       .input("recurrent_kernel", "R, (units, 3 * units)")
                       .input("bias", "b, (2, 3 * units); without reset_after (3 * units,)")
                       .input("h0", "(batch, units)")
                       .input("mask", "bool, (batch, steps)")
                       .output("outputs", "h after each step, (batch, steps, units)")
                       .output("gates", "u, r, g and p_g of each step, zeros where it does not count; "
                                        "(batch, steps, 4 * units), without reset_after u, r, g, (batch, steps, 3 * units)")
                       .attribute("backwards", &A::backwards, "whether the last step comes first")
                       .attribute("reset_after", &A::reset_after, "whether the reset comes behind the product with R")
                       .reference("Cho et al. 2014; Chung et al. 2014 with the reset behind the product"),
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
                       .input("gates", "of gru, (batch, steps, 4 * units), without reset_after 3 * units")
                       .input("mask", "bool, (batch, steps)")
                       .output("dx", "shape of x")
                       .output("d_kernel", "shape of kernel")
                       .output("d_recurrent_kernel", "shape of recurrent_kernel")
                       .output("d_bias", "(2, 3 * units); without reset_after (3 * units,)")
                       .output("dh0", "(batch, units)")
                       .attribute("backwards", &RecurrenceBackAttributes::backwards, "as gru had it")
                       .attribute("wants_x", &RecurrenceBackAttributes::wants_x, "whether to make dx; else it is zeros")
                       .attribute("reset_after", &RecurrenceBackAttributes::reset_after, "as gru had it")
                       .reference("Werbos 1990"),
      .infer =
          [](InferScope& s) {
            const int64_t units = check_recurrence(s, 1, 3);
            const bool reset_after = s.attributes<RecurrenceBackAttributes>().reset_after;
            const Shape &x = s.input(1).shape, states = sequence(x, units);
            check_shapes(s, {states, x, s.input(2).shape, s.input(3).shape, {x[0], units}, states,
                             sequence(x, kept_of_a_unit(reset_after) * units), {x[0], x[1]}});
            for (int i = 1; i < 4; ++i) s.add_output(s.input(i));
            s.add_output({s.input(1).dtype, bias_shape(reset_after, units)});
            s.add_output(s.input(4));
          },
      .gradient = nullptr,
      .decompose = nullptr,
      .traits = Traits().without_gradient(),
  };
}

}  // namespace gradmill
