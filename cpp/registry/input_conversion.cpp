#include "registry/input_conversion.h"

#include "registry/emitter.h"
#include "registry/registry.h"

namespace gradmill {
namespace {

DType floatx = DType::float32;

}  // namespace

DType default_float() { return floatx; }

void set_default_float(DType dtype) {
  if (!is_float(dtype)) throw DTypeError(text("floatx: expected a floating point dtype; received ", name_of(dtype)));
  floatx = dtype;
}

Var converted(const Var& x, DType dtype) {
  return x.dtype() == dtype ? x : emit_one(op_definition(OpId::cast), {x}, Attributes::of(CastAttributes{dtype}));
}

Vars converted_inputs(const OpDef& op, const Vars& inputs) {
  if (!op.traits.promotes && !op.traits.float_only) return inputs;
  const bool has_condition = op.id == static_cast<int>(OpId::where);
  const size_t first = has_condition && inputs.size() == 3 ? 1 : 0;
  if (inputs.size() <= first) return inputs;
  DType common = inputs[first].dtype();
  bool alike = true;
  for (size_t i = first; i < inputs.size(); ++i) {
    alike = alike && inputs[i].dtype() == common;
    if (op.traits.promotes) common = promote(common, inputs[i].dtype());
  }
  const bool to_float = op.traits.float_only && !is_float(common);
  if (alike && !to_float && (!has_condition || inputs[0].dtype() == DType::boolean)) return inputs;
  Vars result = inputs;
  if (has_condition) result[0] = converted(inputs[0], DType::boolean);
  for (size_t i = first; i < inputs.size(); ++i) {
    const DType wanted = op.traits.promotes ? common : inputs[i].dtype();
    result[i] = converted(inputs[i], op.traits.float_only && !is_float(wanted) ? DType::float32 : wanted);
  }
  return result;
}

bool needs_wide_arithmetic(const OpDef& op, const Vars& inputs) {
  if (op.traits.half_storage_ok) return false;
  for (const Var& input : inputs) {
    if (is_half(input.dtype())) return true;
  }
  return false;
}

}  // namespace gradmill
