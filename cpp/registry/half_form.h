// Ops that compute in float32 and whose kernels read and write some values in 16 bits (besides those whose traits say that
// they take 16-bit floats like any others).
#pragma once

#include <vector>

#include "registry/registry.h"

namespace gradmill {

// The inputs and outputs that may be stored in 16 bits, all of them or none.
struct HalfForm {
  OpId op;
  std::vector<size_t> inputs, outputs;
  bool on_units = false;  // only on instructions that multiply 16-bit floats, where a kernel takes the problem
};

const HalfForm* half_form(const OpDef& op);  // null for other ops

}  // namespace gradmill
