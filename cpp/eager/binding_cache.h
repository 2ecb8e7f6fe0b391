// From (op, input types, attributes) to output types and a prepared kernel: what a repeated eager call looks up.
#pragma once

#include <memory>

#include "ops/prepare.h"

namespace gradmill {

struct Binding {
  std::vector<TensorType> outputs;
  std::unique_ptr<PreparedKernel> kernel;
};

// Bounded: the least recently used binding goes when the cache is full. One cache a thread.
std::shared_ptr<const Binding> eager_binding(const OpDef& op, const Vars& inputs, const Attributes& attributes);

}  // namespace gradmill
