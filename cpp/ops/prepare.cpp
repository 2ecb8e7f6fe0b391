#include "ops/prepare.h"

#include "base/check.h"
#include "math/tile_builder.h"
#include "ops/convolution/candidates.h"
#include "ops/convolution/convolution.h"
#include "ops/elementwise/elementwise.h"
#include "ops/linalg/matmul.h"

namespace gradmill {
namespace {

// The type in which a group computes: that of its first step that computes. Groups are made so that all steps agree.
TileType type_of_group(const TileGroup& group) {
  const auto type_of_step = [&](const TileGroup::Step& step) {
    std::vector<TensorType> inputs;
    for (int input : step.inputs) inputs.push_back(group.values[input].type);
    return tile_type_of_op(step.op, inputs, group.values[step.output].type);
  };
  for (const auto& step : group.steps) {
    const bool moves_only = step.op == static_cast<int>(OpId::cast) || step.op == static_cast<int>(OpId::broadcast_to);
    if (!moves_only) return type_of_step(step);
  }
  return type_of_step(group.steps[0]);
}

template <class A>
Attributes replaced_epilogue(const OpDef& op, const Attributes& attributes, TileGroupPointer epilogue) {
  A changed = attributes.as<A>();
  changed.epilogue = std::move(epilogue);
  return Attributes::of(std::move(changed)).with_schema(&op.signature.schema());
}

}  // namespace

bool takes_epilogue(const OpDef& op) { return is_op(op, OpId::matmul) || is_op(op, OpId::convolution); }

TileGroupPointer epilogue_of(const OpDef& op, const Attributes& attributes) {
  if (is_op(op, OpId::matmul)) return attributes.as<MatmulAttributes>().epilogue;
  if (is_op(op, OpId::convolution)) return attributes.as<ConvolutionAttributes>().epilogue;
  return nullptr;
}

Attributes with_epilogue(const OpDef& op, const Attributes& attributes, TileGroupPointer epilogue) {
  if (is_op(op, OpId::matmul)) return replaced_epilogue<MatmulAttributes>(op, attributes, std::move(epilogue));
  GM_CHECK(is_op(op, OpId::convolution), op.name(), " takes no epilogue");
  return replaced_epilogue<ConvolutionAttributes>(op, attributes, std::move(epilogue));
}

TileGroupPointer tile_group_of(const OpDef& op, const Attributes& attributes, const std::vector<TensorType>& inputs,
                               const std::vector<TensorType>& outputs) {
  if (is_op(op, OpId::fused_tile)) return attributes.as<FusedTileAttributes>().group;
  if (takes_epilogue(op)) return epilogue_of(op, attributes);
  if (catalogue_row(op.id).cpu != Realization::tile) return nullptr;
  return std::make_shared<TileGroup>(single_step_group(op.id, attributes, inputs, outputs[0]));
}

std::unique_ptr<PreparedKernel> prepare_kernel(const OpDef& op, const Attributes& attributes,
                                               const std::vector<TensorType>& inputs,
                                               const std::vector<TensorType>& outputs,
                                               const std::vector<int>* same_memory_as) {
  auto prepared = std::make_unique<PreparedKernel>();
  prepared->plan = KernelPlan{};
  int64_t elements = 0;
  for (const auto& output : outputs) elements += output.elements();
  const Realization realization = catalogue_row(op.id).cpu;
  if (elements == 0 || realization == Realization::view) return prepared;

  const bool tile = realization == Realization::tile;
  const TileGroupPointer group = tile_group_of(op, attributes, inputs, outputs);
  if (group) {
    // The operands of an epilogue are the op's own result and the node's inputs after the first two.
    const bool epilogue = takes_epilogue(op);
    std::vector<int> aliases(outputs.size(), TileBuilder::any_input);
    if (same_memory_as) {
      for (size_t i = 0; i < outputs.size(); ++i) {
        const int input = (*same_memory_as)[i];
        aliases[i] = input < 0 ? TileBuilder::no_input : epilogue ? input - 1 : input;
      }
    }
    prepared->program = std::make_unique<TileProgram>();
    const char* reason = build_tile_program(*group, type_of_group(*group), aliases, prepared->program.get());
    if (reason) throw UnsupportedError(text(op.name(), ": ", reason, " (", to_string(*group), " of ", outputs[0], ")"));
  }
  std::vector<BufferType> input_types, output_types;
  for (const auto& type : inputs) input_types.push_back(buffer_type(type));
  for (const auto& type : outputs) output_types.push_back(buffer_type(type));
  const KernelProblem problem{static_cast<int>(inputs.size()), static_cast<int>(outputs.size()), input_types.data(),
                              output_types.data(), attributes.data(), prepared->program.get()};
  const Kernel& kernel = is_convolution(op) ? choose_convolution_kernel(op, attributes, inputs, problem)
                                            : choose_kernel(tile ? static_cast<int>(OpId::fused_tile) : op.id, problem);
  kernel.prepare(problem, prepared->plan);
  prepared->name = kernel.name;
  GM_CHECK(!prepared->empty(), op.name(), ": kernel ", kernel.name, " prepared nothing");
  return prepared;
}

}  // namespace gradmill
