// Of a convolution's result, channels that nobody reads are not computed: where only a slice of them is, as behind values
// that were set side by side and of which some need no gradient, the kernel is sliced instead; also behind a cast.
#include "ops/convolution/convolution.h"
#include "ops/shape/slice.h"
#include "passes/nodes.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

// The axis of the kernel that becomes the channels of the result; -1 for what is no convolution, or one that has groups or
// an epilogue.
int kernel_axis_of(const Node& node) {
  const bool forward = is_op(node, OpId::convolution);
  if (!forward && !is_op(node, OpId::convolution_input_gradient)) return -1;
  const auto& attributes = node.attributes.as<ConvolutionAttributes>();
  if (attributes.groups != 1 || attributes.epilogue) return -1;
  return node.inputs[1]->type.shape.rank() - (forward ? 1 : 2);
}

// Whether a slice takes all of every axis but the last, and of that one a run.
bool takes_channels(const Node& slice) {
  const auto& attributes = slice.attributes.as<SliceAttributes>();
  const Shape& shape = slice.inputs[0]->type.shape;
  for (int i = 0; i + 1 < shape.rank(); ++i) {
    if (attributes.starts[i] != 0 || attributes.counts[i] != shape[i] || attributes.steps[i] != 1) return false;
  }
  return attributes.steps.back() == 1 && attributes.counts.back() > 0;
}

}  // namespace

void narrow_convolutions(Graph& graph) {
  const auto users = users_of_values(graph);
  // What makes the first input of a node, if nobody else reads it.
  const auto maker_for_one = [&](const Node& reader) {
    const Value& value = *reader.inputs[0];
    return users.at(&value).size() == 1 ? value.producer : nullptr;
  };
  Replacements replacements;
  std::vector<std::unique_ptr<Node>> old_nodes = std::move(graph.nodes);
  graph.nodes.clear();
  for (auto& node : old_nodes) {
    const Node* wide = is_op(*node, OpId::slice) ? maker_for_one(*node) : nullptr;
    const Node* const cast = wide && is_op(*wide, OpId::cast) ? wide : nullptr;
    if (cast) wide = maker_for_one(*cast);
    const int axis = wide ? kernel_axis_of(*wide) : -1;
    if (axis >= 0 && takes_channels(*node)) {
      const auto& taken = node->attributes.as<SliceAttributes>();
      const ValuePointer& kernel = wide->inputs[1];
      TensorType type = kernel->type;
      type.shape.set(axis, taken.counts.back());
      SliceAttributes part{Ints(type.shape.rank(), 0), type.shape.vector(), Ints(type.shape.rank(), 1)};
      part.starts[axis] = taken.starts.back();
      const Attributes attributes = Attributes::of(std::move(part)).with_schema(&node->op->signature.schema());
      Node* sliced = graph.add_node(*node->op, attributes, {kernel}, {type}, wide->scope);
      Node* made = graph.add_node(*wide->op, wide->attributes, {wide->inputs[0], sliced->outputs[0]},
                                  {{wide->outputs[0]->type.dtype, node->outputs[0]->type.shape}}, wide->scope);
      sliced->again = made->again = wide->again;
      if (cast) made = graph.add_node(*cast->op, cast->attributes, {made->outputs[0]}, {node->outputs[0]->type}, cast->scope);
      replacements[node->outputs[0].get()] = made->outputs[0];
    }
    graph.nodes.push_back(std::move(node));
  }
  replace_uses(graph, replacements);
  remove_dead(graph);
}

}  // namespace gradmill
