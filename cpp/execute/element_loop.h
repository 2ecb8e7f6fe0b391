// Runs a plan of one element over many elements, as a data set's map does: each worker takes elements of its own and runs
// the whole plan on one thread, so they need not meet. Elements are read where they are, results are written
// behind each other.
#pragma once

#include <vector>

#include "execute/batch_loop.h"
#include "execute/plan.h"

namespace gradmill {

struct ElementBlock {
  std::vector<RowSource> sources;  // one for each of the plan's first inputs; a row is an input
  const int64_t* order = nullptr;  // rows to take; null: from the first on
  int64_t count = 0;
  // The plan's other inputs are keys of random draws, int64 (seed, counter): the seed of each, and the counters of the
  // first element, which grow by `counter_step` with each.
  std::vector<int64_t> seeds;
  int64_t counter = 0, counter_step = 0;
  std::vector<char*> outputs;  // one for each of the plan's, `count` results behind each other
};

// Throws ArgumentError, ShapeError or DTypeError when the block does not fit the plan or the plan changes variables, and
// NonFiniteError in NaN check mode.
void run_elements(Plan& plan, const ElementBlock& block, int workers);

}  // namespace gradmill
