// A variable that is rounded to 16 bits for a product is read by the product itself, which rounds it where it would widen
// the rounded copy: so there is no copy, of a size that on small batches is that of everything else together.
#include "graph/graph_emitter.h"
#include "ops/linalg/matmul.h"
#include "passes/nodes.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

// What is rounded to make the value, brought into its shape: from a variable or an input, by one cast and views. Else null.
Var unrounded(const ValuePointer& value) {
  const Node* maker = value->producer;
  if (!maker) return Var();
  if (is_op(*maker, OpId::cast)) {
    const ValuePointer& source = maker->inputs[0];
    return source->type.dtype == DType::float32 && !source->producer ? Var(source) : Var();
  }
  if (!is_op(*maker, OpId::reshape)) return Var();
  const Var source = unrounded(maker->inputs[0]);
  return source ? emit_one(*maker->op, {source}, maker->attributes) : Var();
}

}  // namespace

void round_in_products(Graph& graph) {
  std::vector<std::unique_ptr<Node>> old_nodes = std::move(graph.nodes);
  graph.nodes.clear();
  const RecordingPause no_tapes;
  GraphEmitter emitter(graph);
  const EmitterScope scope(&emitter);
  for (auto& node : old_nodes) {
    if (is_op(*node, OpId::matmul) && node->inputs.size() == 2 && is_half(node->inputs[0]->type.dtype) &&
        node->inputs[0]->type.dtype == node->inputs[1]->type.dtype) {
      const ScopePath place(node->scope);
      if (const Var source = unrounded(node->inputs[1])) {
        auto attributes = node->attributes.as<MatmulAttributes>();
        attributes.rounds_b = true;
        node->attributes = Attributes::of(attributes).with_schema(&node->op->signature.schema());
        node->inputs[1] = emitter.lift(source);
      }
    }
    graph.nodes.push_back(std::move(node));
  }
  remove_dead(graph);
}

}  // namespace gradmill
