#include "ops/build.h"
#include "ops/recurrent/recurrence.h"
#include "ops/recurrent/sequence.h"

namespace gradmill {

namespace {

using A = RecurrenceAttributes;

void infer_gru(InferScope& s) {
  const int64_t units = check_recurrence(s, 3);
  const Shape &z = s.input(0).shape, &kernel = s.input(1).shape;
  check_shapes(s, {z, kernel, {kernel[1]}, {z[0], units}, {z[0], z[1]}});
  s.add_output({s.input(0).dtype, sequence(z, units)});
  s.add_output({s.input(0).dtype, sequence(z, 4 * units)});
}

Vars gru_step_by_step(const OpScope& s) {
  const Var &z = s.input(0), &kernel = s.input(1), &bias = s.input(2), &mask = s.input(4);
  const int64_t steps = z.shape()[1], units = kernel.shape()[0];
  const bool backwards = s.attributes<A>().backwards;
  Var h = s.input(3);
  Vars outputs(static_cast<size_t>(steps)), gates(static_cast<size_t>(steps));
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t t = backwards ? steps - 1 - step : step;
    const Var given = step_of(z, t), recurrent = matmul(h, kernel) + bias;
    const auto part = [&](const Var& x, int64_t gate) { return columns_of(x, gate, units); };
    const Var u = sigmoid(part(given, 0) + part(recurrent, 0)), r = sigmoid(part(given, 1) + part(recurrent, 1));
    const Var inner = part(recurrent, 2), g = tanh(part(given, 2) + r * inner);
    const Var counts = slice(mask, {0, t}, {mask.shape()[0], 1}, {1, 1});
    h = where(counts, g + u * (h - g), h);
    outputs[static_cast<size_t>(t)] = h;
    gates[static_cast<size_t>(t)] = where(counts, concatenate({u, r, g, inner}, 1), 0.0);
  }
  return {joined_steps(outputs), joined_steps(gates)};
}

}  // namespace

OpDef define_gru() {
  return {
      .signature = Signature("gru", "Gated recurrent units over a sequence. With the sums s = z[:, t] of the inputs and p = h R + b "
                                    "of the states, u = sigmoid(s_u + p_u), r = sigmoid(s_r + p_r), g = tanh(s_g + r p_g), each "
                                    "step makes h = u h + (1 - u) g, where the mask counts it; else h stays.")
                       .input("z", "(batch, steps, 3 * units): what the inputs and their bias give to u, r and g")
                       .input("recurrent_kernel", "R, (units, 3 * units)")
                       .input("recurrent_bias", "b, (3 * units,)")
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
            const Var &z = g.input(0), &kernel = g.input(1), &h0 = g.input(3), &mask = g.input(4), &outputs = g.output(0);
            const int64_t rows = z.shape()[0] * z.shape()[1], units = kernel.shape()[0];
            const Vars made = emit(op_definition(OpId::gru_backward), {g.dy(0), g.output(1), outputs, kernel, h0, mask},
                                   g.all_attributes());
            const Var recurrent = reshape(made[1], {rows, 3 * units});
            Var d_kernel, d_bias;
            if (g.needs(1)) {
              const Var states = states_before(h0, outputs, g.attributes<A>().backwards);
              d_kernel = matmul(reshape(states, {rows, units}), recurrent, true);
            }
            if (g.needs(2)) d_bias = sum(recurrent, {0});
            return Vars{made[0], d_kernel, d_bias, made[2], Var()};
          },
      .decompose = gru_step_by_step,
      .traits = Traits(),
  };
}

OpDef define_gru_backward() {
  return {
      .signature = Signature("gru_backward", "What arrives at the inputs of gru, by the chain rule from its last step to its first.")
                       .input("d_outputs", "(batch, steps, units)")
                       .input("gates", "of gru, (batch, steps, 4 * units)")
                       .input("outputs", "of gru, (batch, steps, units)")
                       .input("recurrent_kernel", "(units, 3 * units)")
                       .input("h0", "(batch, units)")
                       .input("mask", "bool, (batch, steps)")
                       .output("dz", "(batch, steps, 3 * units)")
                       .output("d_recurrent", "what arrives at h R + b, (batch, steps, 3 * units)")
                       .output("dh0", "(batch, units)")
                       .attribute("backwards", &A::backwards, "as gru had it")
                       .reference("Werbos 1990"),
      .infer =
          [](InferScope& s) {
            s.check_float(0);
            const Shape& outputs = s.input(2).shape;
            if (outputs.rank() != 3) s.shape_error("outputs must have shape (batch, steps, units); received ", outputs);
            const int64_t units = outputs[2];
            check_shapes(s, {outputs, sequence(outputs, 4 * units), outputs, {units, 3 * units}, {outputs[0], units},
                             {outputs[0], outputs[1]}});
            s.add_output({s.input(0).dtype, sequence(outputs, 3 * units)});
            s.add_output({s.input(0).dtype, sequence(outputs, 3 * units)});
            s.add_output({s.input(0).dtype, Shape{outputs[0], units}});
          },
      .gradient = nullptr,
      .decompose = nullptr,
      .traits = Traits().without_gradient(),
  };
}

}  // namespace gradmill
