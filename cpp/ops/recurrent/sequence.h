// What the definitions of recurrences share: parts of sequences (batch, steps, features).
#pragma once
#include "registry/op_def.h"
#include "registry/registry.h"

namespace gradmill {

// Checks input `x` (batch, steps, features), behind which stand kernel (features, gates * units) and recurrent kernel
// (units, gates * units). Returns the units.
int64_t check_recurrence(const InferScope& s, int x, int64_t gates);
// Checks the shapes of all inputs, the last of which is a mask.
void check_shapes(const InferScope& s, const std::vector<Shape>& wanted);

// The shape of another sequence of as many steps.
Shape sequence(const Shape& like, int64_t features);
// What the inputs of all steps give to the sums: x kernel + bias.
Var sums_of_inputs(const Var& x, const Var& kernel, const Var& bias);
// Step `t`, without the axis of steps, and all steps put together again.
Var step_of(const Var& x, int64_t t);
Var joined_steps(const Vars& steps);
// Columns of (rows, parts * units): one part.
Var columns_of(const Var& x, int64_t part, int64_t units);
// True where the mask counts step `t`, (batch, 1).
Var counts_at(const Var& mask, int64_t t);

// The gradients of a recurrence by the op that goes back over its steps. `given` are that op's inputs; its outputs are the
// gradients of the recurrence's inputs but the mask, in their order.
Vars gradients_back(const GradientScope& g, OpId op, const Vars& given);
// What arrives at output `index`, zeros where nothing does.
Var arriving(const GradientScope& g, int index);

}  // namespace gradmill
