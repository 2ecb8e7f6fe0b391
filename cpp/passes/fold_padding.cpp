// Zeros around an image belong into the convolution that reads it, which pads without a copy; and what the gradient cuts
// off again need not be computed. Values that lie at the same places among zeros are added before the zeros are.
#include <map>

#include "ops/convolution/convolution.h"
#include "ops/shape/pad.h"
#include "ops/shape/slice.h"
#include "passes/nodes.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

// Elements before and after along each axis.
struct Margins {
  Ints before, after;

  bool spatial_only() const { return !before.front() && !after.front() && !before.back() && !after.back(); }
};

// The zeros that `value` has around its producer's input, or nothing.
bool zeros_around(const Value& value, Margins* margins) {
  if (!value.producer || !is_op(*value.producer, OpId::pad)) return false;
  const auto& attributes = value.producer->attributes.as<PadAttributes>();
  *margins = {attributes.before, attributes.after};
  return attributes.value == 0 && margins->spatial_only();
}

// What a slice without steps leaves away.
bool cut_off(const Node& slice, Margins* margins) {
  const auto& attributes = slice.attributes.as<SliceAttributes>();
  const Shape& shape = slice.inputs[0]->type.shape;
  *margins = {attributes.starts, Ints(attributes.starts.size())};
  for (int i = 0; i < shape.rank(); ++i) {
    if (attributes.steps[i] != 1) return false;
    margins->after[i] = shape[i] - attributes.starts[i] - attributes.counts[i];
  }
  return margins->spatial_only();
}

// What a copy in another type shows; else the value.
const ValuePointer& before_cast(const ValuePointer& value) {
  return value->producer && is_op(*value->producer, OpId::cast) ? value->producer->inputs[0] : value;
}

ConvolutionAttributes with_more_padding(const ConvolutionAttributes& attributes, const Margins& margins) {
  ConvolutionAttributes result = attributes;
  const size_t axes = margins.before.size() - 2;
  result.padding_low.resize(axes, 0);
  result.padding_high.resize(axes, 0);
  for (size_t i = 0; i < axes; ++i) {
    result.padding_low[i] += margins.before[i + 1];
    result.padding_high[i] += margins.after[i + 1];
  }
  return result;
}

bool spreads(const Value& value, const std::unordered_map<const Value*, std::vector<Node*>>& users) {
  return value.producer && is_op(*value.producer, OpId::slice_backward) && users.at(&value).size() == 1;
}

bool at_the_same_places(const Value& a, const Value& b) {
  return a.type == b.type && a.producer->inputs[0]->type == b.producer->inputs[0]->type &&
         a.producer->attributes == b.producer->attributes;
}

}  // namespace

void fold_padding(Graph& graph) {
  const auto users = users_of_values(graph);
  Replacements replacements;
  std::vector<std::unique_ptr<Node>> old_nodes = std::move(graph.nodes);
  graph.nodes.clear();
  std::map<std::pair<const Value*, DType>, ValuePointer> copies;
  // `value` in the type of another one, which is a copy of what it replaces or that itself.
  const auto cast_like = [&](const ValuePointer& value, const ValuePointer& other) {
    if (value->type.dtype == other->type.dtype) return value;
    ValuePointer& copy = copies[{value.get(), other->type.dtype}];
    if (!copy) {
      const Node& cast = *other->producer;
      const TensorType type{other->type.dtype, value->type.shape};
      copy = graph.add_node(*cast.op, cast.attributes, {value}, {type}, cast.scope)->outputs[0];
    }
    return copy;
  };
  for (auto& node : old_nodes) {
    Margins margins;
    const auto set_attributes = [&](ConvolutionAttributes attributes) {
      return Attributes::of(std::move(attributes)).with_schema(&node->op->signature.schema());
    };
    if ((is_op(*node, OpId::convolution) || is_op(*node, OpId::convolution_kernel_gradient)) &&
        zeros_around(*before_cast(node->inputs[0]), &margins)) {
      node->attributes = set_attributes(with_more_padding(node->attributes.as<ConvolutionAttributes>(), margins));
      const ValuePointer image = before_cast(node->inputs[0])->producer->inputs[0];
      node->inputs[0] = cast_like(image, node->inputs[0]);
    }
    const Node* gradient = is_op(*node, OpId::slice) ? before_cast(node->inputs[0])->producer : nullptr;
    if (gradient && is_op(*gradient, OpId::convolution_input_gradient) && users.at(node->inputs[0].get()).size() == 1 &&
        users.at(gradient->outputs[0].get()).size() == 1 && cut_off(*node, &margins)) {
      ConvolutionAttributes attributes = with_more_padding(gradient->attributes.as<ConvolutionAttributes>(), margins);
      const Shape& result = node->outputs[0]->type.shape;
      attributes.input_size.assign(result.begin() + 1, result.end() - 1);
      Node* made = graph.add_node(*gradient->op, Attributes::of(attributes).with_schema(&gradient->op->signature.schema()),
                                  gradient->inputs, {{gradient->outputs[0]->type.dtype, result}}, gradient->scope);
      made->again = gradient->again;
      replacements[node->outputs[0].get()] = cast_like(made->outputs[0], node->inputs[0]);
    }
    if (is_op(*node, OpId::add) && spreads(*node->inputs[0], users) && spreads(*node->inputs[1], users) &&
        at_the_same_places(*node->inputs[0], *node->inputs[1])) {
      const Node &a = *node->inputs[0]->producer, &b = *node->inputs[1]->producer;
      const Node* sum = graph.add_node(*node->op, node->attributes, {a.inputs[0], b.inputs[0]}, {a.inputs[0]->type}, node->scope);
      const Node* spread = graph.add_node(*a.op, a.attributes, {sum->outputs[0]}, {node->outputs[0]->type}, a.scope);
      replacements[node->outputs[0].get()] = spread->outputs[0];
    }
    graph.nodes.push_back(std::move(node));
  }
  replace_uses(graph, replacements);
  remove_dead(graph);
}

}  // namespace gradmill
