// The walk back over a tape, compiled: a training loop records the same ops on values of the same types at every step, so
// what the walk emits can be planned once and then run as one list of kernels.
#pragma once

#include "autodiff/reverse_walk.h"

namespace gradmill {

// Gives what walk_in_reverse gives, for the sources alone. A tape that was seen twice before in this thread is compiled,
// by passes that keep every bit of the results, and run as a plan from then on; others, and those of a trace, of which
// another tape records the gradients, or that are looked at for NaN, are walked op by op. The plans kept are the last
// used, as many as settings().plan_cache_size.
GradientMap walk_by_plan(const std::vector<Record>& records, const Vars& targets, const Vars& seeds,
                         const std::vector<uint64_t>& sources);

}  // namespace gradmill
