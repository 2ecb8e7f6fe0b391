// What the definitions of recurrences share: parts of sequences (batch, steps, features).
#pragma once
#include "registry/op_def.h"

namespace gradmill {

// Checks input 0, z with the sums of `gates` gates for each unit, and input 1, the recurrent kernel. Returns the units.
int64_t check_recurrence(const InferScope& s, int64_t gates);
// Checks the shapes of all inputs, the last of which is a mask.
void check_shapes(const InferScope& s, const std::vector<Shape>& wanted);

// The shape of another sequence of as many steps.
Shape sequence(const Shape& like, int64_t features);
// Step `t`, without the axis of steps, and all steps put together again.
Var step_of(const Var& x, int64_t t);
Var joined_steps(const Vars& steps);
// Columns of (rows, parts * units): one part.
Var columns_of(const Var& x, int64_t part, int64_t units);
// The states before each step: `first`, then those after the other steps.
Var states_before(const Var& first, const Var& states, bool backwards);

}  // namespace gradmill
