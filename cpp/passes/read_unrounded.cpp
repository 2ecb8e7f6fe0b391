// What is rounded to 16 bits and widened again at once is read as it was: elementwise work that runs as one keeps its values
// in float32 as well, so this saves but a copy. Of variables and inputs, which lie in memory as they are: kernels of
// convolutions, which read float32. Of kernel gradients, which an optimizer adds to float32 variables; not in float16, whose
// overflow loss scaling has to see.
#include "ops/linalg/matmul.h"
#include "passes/nodes.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

bool is_kernel_gradient(const Node& node) {
  if (is_op(node, OpId::convolution_kernel_gradient)) return true;
  return is_op(node, OpId::matmul) && node.attributes.as<MatmulAttributes>().wide;
}

// The float32 value of which this one is the rounding, in its shape; null where the rounding stays.
ValuePointer unrounded(Graph& graph, const ValuePointer& value) {
  const Node* maker = value->producer;
  if (!maker || !is_half(value->type.dtype)) return nullptr;
  const ValuePointer& source = maker->inputs[0];
  if (is_op(*maker, OpId::cast)) {
    if (source->type.dtype != DType::float32) return nullptr;
    const Node* origin = source->producer;
    const bool is_read = !origin || (value->type.dtype == DType::bfloat16 && is_kernel_gradient(*origin));
    return is_read ? source : nullptr;
  }
  if (!maker->op->traits.is_view) return nullptr;
  const ValuePointer exact = unrounded(graph, source);
  if (!exact) return nullptr;
  return graph.add_node(*maker->op, maker->attributes, {exact}, {{DType::float32, value->type.shape}}, maker->scope)->outputs[0];
}

}  // namespace

void read_unrounded(Graph& graph) {
  std::vector<std::unique_ptr<Node>> old_nodes = std::move(graph.nodes);
  graph.nodes.clear();
  Replacements replacements;
  for (auto& node : old_nodes) {
    if (is_op(*node, OpId::cast) && node->outputs[0]->type.dtype == DType::float32) {
      if (ValuePointer exact = unrounded(graph, node->inputs[0])) replacements[node->outputs[0].get()] = std::move(exact);
    }
    graph.nodes.push_back(std::move(node));
  }
  replace_uses(graph, replacements);
  remove_dead(graph);
}

}  // namespace gradmill
