#include "eager/eager_emitter.h"

#include <utility>

#include "base/settings.h"
#include "eager/binding_cache.h"
#include "ops/build.h"
#include "registry/kernel_run.h"
#include "runtime/scratch.h"
#include "tensor/finite.h"

namespace gradmill {
namespace {

void check_finite(const OpDef& op, const Vars& outputs) {
  for (const Var& output : outputs) {
    const int64_t at = first_not_finite(output.type(), output.tensor().raw());
    if (at < 0) continue;
    throw NonFiniteError(text("NaN check: layer '", current_scope().empty() ? "(none)" : current_scope(), "', op ",
                              op.name(), " run eagerly: element ", at, " of the result ", output.type(),
                              " is not finite; look at the inputs"));
  }
}

// What an op without a kernel is made of; tapes see the op itself.
Vars emit_parts(const OpDef& op, const Vars& inputs, const Attributes& attributes) {
  std::vector<TensorType> types;
  for (const Var& input : inputs) types.push_back(input.type());
  infer_types(op, types, attributes);  // for its checks
  const RecordingPause no_tapes;
  return op.decompose(OpScope(inputs, attributes));
}

}  // namespace

Vars EagerEmitter::emit(const OpDef& op, const Vars& inputs, const Attributes& attributes) {
  for (const Var& input : inputs) input.tensor();  // refuses values of a trace that has ended
  if (catalogue_row(op.id).cpu == Realization::decompose) return emit_parts(op, inputs, attributes);
  const auto binding = eager_binding(op, inputs, attributes);
  Vars outputs;
  outputs.reserve(binding->outputs.size());
  if (catalogue_row(op.id).cpu == Realization::view) {
    outputs.emplace_back(inputs[0].tensor().reshaped(binding->outputs[0].shape));
    return outputs;
  }
  void* few[16];  // most calls need no allocation
  std::vector<void*> many;
  void** buffers = few;
  if (inputs.size() + binding->outputs.size() > 16) {
    many.resize(inputs.size() + binding->outputs.size());
    buffers = many.data();
  }
  int count = 0;
  for (const Var& input : inputs) buffers[count++] = input.tensor().raw();
  for (const TensorType& type : binding->outputs) {
    outputs.emplace_back(Tensor::empty(type));
    buffers[count++] = outputs.back().tensor().raw();
  }
  if (!binding->kernel->empty()) {
    const KernelPlan& plan = binding->kernel->plan;
    const int workers = workers_for(plan);
    run_kernel(plan, buffers, workers, thread_scratch(scratch_bytes(plan, workers)));
  }
  if (settings().check_nan) check_finite(op, outputs);
  return outputs;
}

void EagerEmitter::assign(const VariablePointer& variable, const Var& value) { variable->set_value(value.tensor()); }

}  // namespace gradmill
