// Elementwise work on the result of a matrix product or convolution (here: the product) moves into it: each block is
// finished while it is in cache.
// The product must be read by that work alone; then no other path can exist between the two.
#include <unordered_set>

#include "math/tile_builder.h"
#include "ops/elementwise/elementwise.h"
#include "ops/elementwise/tile_group.h"
#include "ops/prepare.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

bool has_room(const Node& node) {
  return takes_epilogue(*node.op) && !epilogue_of(*node.op, node.attributes) &&
         is_float(node.outputs[0]->type.dtype);
}

// The group of `node` with the product first among its inputs, or null when it cannot follow the product.
std::shared_ptr<TileGroup> epilogue_group(const Node& node, const ValuePointer& product, std::vector<ValuePointer>* others) {
  std::vector<TensorType> inputs, outputs;
  for (const auto& input : node.inputs) inputs.push_back(input->type);
  for (const auto& output : node.outputs) outputs.push_back(output->type);
  const TileGroupPointer group = tile_group_of(*node.op, node.attributes, inputs, outputs);
  if (!group || group->shape != product->type.shape) return nullptr;
  auto result = std::make_shared<TileGroup>(*group);
  result->inputs.clear();
  std::unordered_map<const Value*, int> placed;
  std::unordered_map<int, int> renamed;  // a single op may read the same value twice
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const int value = group->inputs[i];
    const auto [known, fresh] = placed.emplace(node.inputs[i].get(), value);
    if (!fresh) {
      renamed[value] = known->second;
    } else if (node.inputs[i] == product) {
      result->inputs.insert(result->inputs.begin(), value);
    } else {
      result->inputs.push_back(value);
      others->push_back(node.inputs[i]);
    }
  }
  for (auto& step : result->steps) {
    for (int& input : step.inputs) {
      const auto found = renamed.find(input);
      if (found != renamed.end()) input = found->second;
    }
  }
  // The program gets the product as it was computed, before it would be stored in 16 bits.
  DType& arrives = result->values[result->inputs[0]].type.dtype;
  if (is_half(arrives)) arrives = DType::float32;
  // A scalar constant among the inputs of a single op is part of the program.
  for (size_t i = 1; i < result->inputs.size();) {
    const ValuePointer& value = (*others)[i - 1];
    if (value->kind != ValueKind::constant || value->type.elements() != 1) {
      ++i;
      continue;
    }
    auto& entry = result->values[result->inputs[i]];
    entry.is_constant = true;
    entry.constant = scalar_value(value->constant);
    entry.integer = static_cast<int64_t>(is_float(value->type.dtype) ? 0 : entry.constant);
    result->inputs.erase(result->inputs.begin() + static_cast<long>(i));
    others->erase(others->begin() + static_cast<long>(i) - 1);
  }
  const TileType type = tile_type_of(product->type.dtype);
  TileProgram program;
  const std::vector<int> aliases(result->outputs.size(), TileBuilder::any_input);
  for (const auto& step : result->steps) {
    std::vector<TensorType> step_inputs;
    for (int input : step.inputs) step_inputs.push_back(result->values[input].type);
    const bool moves_only = step.op == static_cast<int>(OpId::cast) || step.op == static_cast<int>(OpId::broadcast_to);
    if (!moves_only && tile_type_of_op(step.op, step_inputs, result->values[step.output].type) != type) return nullptr;
  }
  return build_tile_program(*result, type, aliases, &program) ? nullptr : result;
}

}  // namespace

void fuse_epilogues(Graph& graph) {
  const auto users = users_of_values(graph);
  std::unordered_set<const Value*> kept;
  for (const auto& output : graph.outputs) kept.insert(output.get());
  for (const auto& update : graph.updates) kept.insert(update.value.get());
  std::unordered_set<const Node*> absorbed;
  Replacements replacements;
  std::vector<std::unique_ptr<Node>> old_nodes = std::move(graph.nodes), retired;
  graph.nodes.clear();
  std::vector<std::unique_ptr<Node>> result;
  for (auto& node : old_nodes) {
    Node* product = nullptr;
    for (const auto& input : node->inputs) {
      const Node* producer = input->producer;
      if (!producer || producer->chain != node->chain) continue;
      if (!has_room(*producer) || absorbed.count(producer) || kept.count(input.get())) continue;
      if (users.at(input.get()).size() == 1) product = input->producer;
    }
    std::vector<ValuePointer> others;
    const auto group = product ? epilogue_group(*node, product->outputs[0], &others) : nullptr;
    if (!group) {
      result.push_back(std::move(node));
      continue;
    }
    std::vector<ValuePointer> inputs = {product->inputs[0], product->inputs[1]};
    inputs.insert(inputs.end(), others.begin(), others.end());
    std::vector<TensorType> types;
    for (const auto& output : node->outputs) types.push_back(output->type);
    Node* made = graph.add_node(*product->op, with_epilogue(*product->op, product->attributes, group), inputs, types,
                                product->scope.empty() ? node->scope : product->scope);
    made->chain = product->chain;
    result.push_back(std::move(graph.nodes.back()));
    graph.nodes.pop_back();
    for (size_t i = 0; i < types.size(); ++i) replacements[node->outputs[i].get()] = result.back()->outputs[i];
    absorbed.insert(product);
    retired.push_back(std::move(node));
  }
  for (auto& node : result) {
    if (absorbed.count(node.get())) {
      retired.push_back(std::move(node));
    } else {
      graph.nodes.push_back(std::move(node));
    }
  }
  replace_uses(graph, replacements);
  for (auto& node : retired) {
    for (auto& output : node->outputs) output->producer = nullptr;
  }
}

}  // namespace gradmill
