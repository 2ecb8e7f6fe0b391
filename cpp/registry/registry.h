// The catalogue at run time: every op by number and by name.
#pragma once

#include <string>
#include <vector>

#include "registry/kernel.h"
#include "registry/op_def.h"

namespace gradmill {

enum class OpId : int {
#define OP(name, family, cpu, cuda) name,
#include "registry/catalogue.def"
#undef OP
  count
};

struct CatalogueRow {
  const char* name;
  const char* family;
  Realization cpu;
};

constexpr int op_count = static_cast<int>(OpId::count);

inline bool is_op(const OpDef& op, OpId id) { return op.id == static_cast<int>(id); }

const OpDef& op_definition(OpId id);
const OpDef& op_definition(int id);
// Throws ArgumentError with the nearest known name.
const OpDef& op_definition(const std::string& name);
const CatalogueRow& catalogue_row(int id);

// The first kernel of the op, at the instruction-set level in use, that takes the problem. Refusals are logged under
// the topic "dispatch". Throws UnsupportedError with every reason when none does.
const Kernel& choose_kernel(int op, const KernelProblem& problem);

BufferType buffer_type(const TensorType& type);

}  // namespace gradmill
