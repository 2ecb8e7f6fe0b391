// Computes at compile time what depends on constants alone, and drops arithmetic that changes nothing.
#include "graph/graph_emitter.h"
#include "ops/build.h"
#include "passes/nodes.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

// Larger results are cheaper to recompute in a fused loop than to keep in memory.
constexpr int64_t largest_folded = 4096;

bool can_fold(const Node& node) {
  if (node.outputs.size() != 1 || node.op->id == static_cast<int>(OpId::broadcast_to)) return false;
  if (node.outputs[0]->type.elements() > largest_folded) return false;
  for (const auto& input : node.inputs) {
    if (input->kind != ValueKind::constant) return false;
  }
  return true;
}

// The input that the node's result equals, or null.
ValuePointer identity_of(const Node& node) {
  const auto same_type = [&](const ValuePointer& value) { return value->type == node.outputs[0]->type; };
  const auto is_op = [&](OpId id) { return node.op->id == static_cast<int>(id); };
  if (is_op(OpId::multiply) || is_op(OpId::add)) {
    const double neutral = is_op(OpId::multiply) ? 1 : 0;
    if (is_scalar_constant(node.inputs[1], neutral) && same_type(node.inputs[0])) return node.inputs[0];
    if (is_scalar_constant(node.inputs[0], neutral) && same_type(node.inputs[1])) return node.inputs[1];
  }
  if ((is_op(OpId::subtract) && is_scalar_constant(node.inputs[1], 0)) ||
      (is_op(OpId::divide) && is_scalar_constant(node.inputs[1], 1))) {
    if (same_type(node.inputs[0])) return node.inputs[0];
  }
  const bool moves_only = is_op(OpId::reshape) || is_op(OpId::stop_gradient) || is_op(OpId::cast) ||
                          is_op(OpId::broadcast_to);
  return moves_only && same_type(node.inputs[0]) ? node.inputs[0] : nullptr;
}

// A broadcast of a scalar constant is replaced by the scalar where the reader broadcasts by itself.
ValuePointer narrow_operand(const Node& reader, const ValuePointer& operand) {
  const Node* producer = operand->producer;
  const bool elementwise = catalogue_row(reader.op->id).cpu == Realization::tile && reader.inputs.size() > 1;
  if (!elementwise || !producer || producer->op->id != static_cast<int>(OpId::broadcast_to)) return nullptr;
  const ValuePointer& source = producer->inputs[0];
  if (source->type.elements() != 1) return nullptr;
  for (const auto& other : reader.inputs) {
    if (other != operand && other->type.shape == reader.outputs[0]->type.shape) return source;
  }
  return nullptr;
}

}  // namespace

void fold_constants(Graph& graph) {
  Replacements replacements;
  const auto latest = [&](ValuePointer value) {
    for (auto found = replacements.find(value.get()); found != replacements.end();
         found = replacements.find(value.get())) {
      value = found->second;
    }
    return value;
  };
  const RecordingPause no_tapes;
  const EmitterScope scope(&eager_emitter());
  for (auto& node : graph.nodes) {
    for (auto& input : node->inputs) input = latest(input);
    for (auto& input : node->inputs) {
      if (const ValuePointer narrow = narrow_operand(*node, input)) input = narrow;
    }
    if (can_fold(*node)) {
      Vars inputs;
      for (const auto& input : node->inputs) inputs.emplace_back(input->constant);
      replacements[node->outputs[0].get()] =
          graph.add_constant(emit_one(*node->op, inputs, node->attributes).tensor());
    } else if (const ValuePointer same = identity_of(*node)) {
      replacements[node->outputs[0].get()] = same;
    }
  }
  replace_uses(graph, replacements);
  remove_dead(graph);
}

}  // namespace gradmill
