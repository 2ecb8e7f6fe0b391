#include "eager/eager_emitter.h"

#include <algorithm>
#include <utility>

#include "base/settings.h"
#include "eager/binding_cache.h"
#include "ops/build.h"
#include "runtime/parallel.h"
#include "runtime/scratch.h"
#include "tensor/finite.h"

namespace gradmill {
namespace {

// Waking sleeping threads costs some microseconds: below this many operations one thread is quicker.
constexpr double operations_worth_threads = 100e3;

void run_kernel(const KernelPlan& plan, void* const* buffers) {
  int64_t most_units = 0;
  for (int phase = 0; phase < plan.phases; ++phase) most_units = std::max(most_units, plan.units[phase]);
  const int workers = plan.operations < operations_worth_threads
                          ? 1
                          : lockstep_workers(static_cast<int>(std::min<int64_t>(thread_count(), most_units)));
  const size_t shared_bytes = round_up_to_line(plan.shared_scratch_bytes);
  const size_t worker_bytes = round_up_to_line(plan.worker_scratch_bytes);
  char* scratch = thread_scratch(shared_bytes + worker_bytes * static_cast<size_t>(workers));
  SpinBarrier barrier(workers);
  run_lockstep(workers, [&](int worker) {
    KernelCall call{buffers, scratch, scratch + shared_bytes + worker_bytes * static_cast<size_t>(worker),
                    plan.parameters, 0, 0, 0};
    for (call.phase = 0; call.phase < plan.phases; ++call.phase) {
      if (call.phase > 0) barrier.wait();
      const UnitRange share = share_of(plan.units[call.phase], worker, workers);
      call.begin = share.begin;
      call.end = share.end;
      if (call.begin < call.end) plan.run(call);
    }
  });
}

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
  if (!binding->kernel->empty()) run_kernel(binding->kernel->plan, buffers);
  if (settings().check_nan) check_finite(op, outputs);
  return outputs;
}

void EagerEmitter::assign(const VariablePointer& variable, const Var& value) { variable->set_value(value.tensor()); }

}  // namespace gradmill
