#include "ops/build.h"
#include "ops/recurrent/recurrence.h"
#include "ops/recurrent/sequence.h"

namespace gradmill {

namespace {

using A = RecurrenceAttributes;

void infer_lstm(InferScope& s) {
  const int64_t units = check_recurrence(s, 4);
  const Shape &z = s.input(0).shape, state{z[0], units};
  check_shapes(s, {z, s.input(1).shape, state, state, {z[0], z[1]}});
  s.add_output({s.input(0).dtype, sequence(z, units)});
  s.add_output({s.input(0).dtype, sequence(z, units)});
  s.add_output({s.input(0).dtype, z});
}

Vars lstm_step_by_step(const OpScope& s) {
  const Var &z = s.input(0), &kernel = s.input(1), &mask = s.input(4);
  const int64_t steps = z.shape()[1], units = kernel.shape()[0];
  const bool backwards = s.attributes<A>().backwards;
  Var h = s.input(2), c = s.input(3);
  std::vector<Vars> made(3, Vars(static_cast<size_t>(steps)));
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t t = backwards ? steps - 1 - step : step;
    const Var sums = step_of(z, t) + matmul(h, kernel);
    const Var i = sigmoid(columns_of(sums, 0, units)), f = sigmoid(columns_of(sums, 1, units));
    const Var g = tanh(columns_of(sums, 2, units)), o = sigmoid(columns_of(sums, 3, units));
    const Var counts = slice(mask, {0, t}, {mask.shape()[0], 1}, {1, 1});
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
      .signature = Signature("lstm", "A long short-term memory over a sequence. With the sums s = z[:, t] + h R of four gates, "
                                     "i = sigmoid(s_i), f = sigmoid(s_f), g = tanh(s_g), o = sigmoid(s_o), each step makes "
                                     "c = f c + i g and h = o tanh(c), where the mask counts it; else both stay.")
                       .input("z", "(batch, steps, 4 * units): what the inputs and the bias give to the gates i, f, g, o")
                       .input("recurrent_kernel", "R, (units, 4 * units)")
                       .input("h0", "(batch, units)")
                       .input("c0", "(batch, units)")
                       .input("mask", "bool, (batch, steps)")
                       .output("outputs", "h after each step, (batch, steps, units)")
                       .output("cells", "c after each step, (batch, steps, units)")
                       .output("gates", "i, f, g and o of each step, zeros where it does not count; shape of z")
                       .attribute("backwards", &A::backwards, "whether the last step comes first")
                       .reference("Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and Cummins 2000"),
      .infer = infer_lstm,
      .gradient =
          [](const GradientScope& g) {
            if (g.dy(2)) throw UnsupportedError("lstm: no gradient flows through the gates; use outputs and cells");
            const Var &z = g.input(0), &kernel = g.input(1), &h0 = g.input(2), &c0 = g.input(3), &mask = g.input(4);
            const bool backwards = g.attributes<A>().backwards;
            const TensorType like{z.dtype(), sequence(z.shape(), kernel.shape()[0])};
            const Var d_outputs = g.dy(0) ? g.dy(0) : zeros(like), d_cells = g.dy(1) ? g.dy(1) : zeros(like);
            const Vars made = emit(op_definition(OpId::lstm_backward),
                                   {d_outputs, d_cells, g.output(2), g.output(1), kernel, c0, mask}, g.all_attributes());
            Var d_kernel;
            if (g.needs(1)) {
              const int64_t rows = z.shape()[0] * z.shape()[1], units = kernel.shape()[0];
              const Var states = reshape(states_before(h0, g.output(0), backwards), {rows, units});
              d_kernel = matmul(states, reshape(made[0], {rows, 4 * units}), true);
            }
            return Vars{made[0], d_kernel, made[1], made[2], Var()};
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
                       .input("gates", "of lstm, (batch, steps, 4 * units)")
                       .input("cells", "of lstm, (batch, steps, units)")
                       .input("recurrent_kernel", "(units, 4 * units)")
                       .input("c0", "(batch, units)")
                       .input("mask", "bool, (batch, steps)")
                       .output("dz", "shape of gates")
                       .output("dh0", "(batch, units)")
                       .output("dc0", "(batch, units)")
                       .attribute("backwards", &A::backwards, "as lstm had it")
                       .reference("Werbos 1990"),
      .infer =
          [](InferScope& s) {
            s.check_float(0);
            const Shape& cells = s.input(3).shape;
            if (cells.rank() != 3) s.shape_error("cells must have shape (batch, steps, units); received ", cells);
            const Shape state{cells[0], cells[2]}, gates = sequence(cells, 4 * cells[2]), kernel{cells[2], 4 * cells[2]};
            check_shapes(s, {cells, cells, gates, cells, kernel, state, {cells[0], cells[1]}});
            s.add_output(s.input(2));
            s.add_output({s.input(0).dtype, state});
            s.add_output({s.input(0).dtype, state});
          },
      .gradient = nullptr,
      .decompose = nullptr,
      .traits = Traits().without_gradient(),
  };
}

}  // namespace gradmill
