// The gradient of a kernel that many rows share is a long sum over them, by a product that rounds it to 16 bits at its end.
// Pieces of such a sum can be added up in float32 alone: the product gives that, and its rounding is a node of its own. So
// the gradient is made from rows while they are in cache (form_chains), and the rows need not be kept or computed again.
#include "ops/linalg/matmul.h"
#include "passes/nodes.h"
#include "passes/pipeline.h"
#include "registry/input_conversion.h"

namespace gradmill {
namespace {

constexpr int64_t rows_a_column = 4;           // at least; else the rows take little more memory than the sum
constexpr int64_t most_elements = 256 * 1024;  // of the sum, which takes twice the memory

bool sums_many_rows(const Node& node) {
  if (!is_op(node, OpId::matmul) || !is_half(node.outputs[0]->type.dtype) || node.inputs.size() != 2) return false;
  const auto& attributes = node.attributes.as<MatmulAttributes>();
  const Shape &a = node.inputs[0]->type.shape, &sum = node.outputs[0]->type.shape;
  return attributes.transpose_a && !attributes.transpose_b && !attributes.epilogue && a.rank() == 2 && sum.rank() == 2 &&
         sum.elements() <= most_elements && a[0] >= rows_a_column * sum[0] && a[0] >= rows_a_column * sum[1];
}

}  // namespace

void sum_in_float(Graph& graph) {
  std::vector<std::unique_ptr<Node>> old_nodes = std::move(graph.nodes);
  graph.nodes.clear();
  for (auto& node : old_nodes) {
    if (!sums_many_rows(*node)) {
      graph.nodes.push_back(std::move(node));
      continue;
    }
    auto attributes = node->attributes.as<MatmulAttributes>();
    attributes.wide = true;
    const TensorType sum{DType::float32, node->outputs[0]->type.shape};
    Node* const exact = graph.add_node(*node->op, Attributes::of(attributes).with_schema(&node->op->signature.schema()),
                                       node->inputs, {sum}, node->scope);
    node->op = &op_definition(OpId::cast);
    node->attributes = Attributes::of(CastAttributes{node->outputs[0]->type.dtype}).with_schema(&node->op->signature.schema());
    node->inputs = {exact->outputs[0]};
    graph.nodes.push_back(std::move(node));
  }
}

}  // namespace gradmill
