// What the definitions of recurrences share: parts of sequences (batch, steps, features).
#pragma once
#include "registry/var.h"

namespace gradmill {

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
