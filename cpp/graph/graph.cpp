#include "graph/graph.h"

#include <unordered_set>

#include "base/check.h"

namespace gradmill {

Graph::~Graph() {
  // A traced tensor that outlives its trace must say so instead of pointing into nothing.
  for (auto& made : made_) {
    if (auto value = made.lock()) {
      value->graph = nullptr;
      value->producer = nullptr;
    }
  }
}

ValuePointer Graph::add_input(const TensorType& type) {
  auto value = std::make_shared<Value>(type, ValueKind::input, this);
  value->index = static_cast<int>(inputs.size());
  inputs.push_back(value);
  made_.push_back(value);
  return value;
}

ValuePointer Graph::add_state(const VariablePointer& variable) {
  const auto found = state_of_.find(variable.get());
  if (found != state_of_.end()) return states[found->second];
  auto value = std::make_shared<Value>(variable->type(), ValueKind::state, this);
  value->index = static_cast<int>(states.size());
  state_of_.emplace(variable.get(), value->index);
  variables.push_back(variable);
  states.push_back(value);
  made_.push_back(value);
  return value;
}

ValuePointer Graph::add_constant(Tensor tensor) {
  auto value = std::make_shared<Value>(tensor.type, ValueKind::constant, this);
  value->constant = std::move(tensor);
  made_.push_back(value);
  return value;
}

Node* Graph::add_node(const OpDef& op, const Attributes& attributes, std::vector<ValuePointer> node_inputs,
                      const std::vector<TensorType>& output_types, std::string scope) {
  auto node = std::make_unique<Node>(Node{&op, attributes, std::move(node_inputs), {}, std::move(scope)});
  for (const auto& type : output_types) {
    auto value = std::make_shared<Value>(type, ValueKind::result, this);
    value->producer = node.get();
    value->index = static_cast<int>(node->outputs.size());
    made_.push_back(value);
    node->outputs.push_back(std::move(value));
  }
  nodes.push_back(std::move(node));
  return nodes.back().get();
}

std::unordered_map<const Value*, std::vector<Node*>> users_of_values(const Graph& graph) {
  std::unordered_map<const Value*, std::vector<Node*>> users;
  for (const auto& node : graph.nodes) {
    for (const auto& input : node->inputs) {
      auto& list = users[input.get()];
      if (list.empty() || list.back() != node.get()) list.push_back(node.get());
    }
  }
  return users;
}

void replace_uses(Graph& graph, const Replacements& replacements) {
  if (replacements.empty()) return;
  const auto replace = [&](ValuePointer& value) {
    // A replacement may itself have been replaced.
    for (auto found = replacements.find(value.get()); found != replacements.end();
         found = replacements.find(value.get())) {
      value = found->second;
    }
  };
  for (auto& node : graph.nodes) {
    for (auto& input : node->inputs) replace(input);
  }
  for (auto& output : graph.outputs) replace(output);
  for (auto& update : graph.updates) replace(update.value);
}

void verify(const Graph& graph) {
  std::unordered_set<const Value*> known;
  for (const auto& input : graph.inputs) known.insert(input.get());
  for (const auto& state : graph.states) known.insert(state.get());
  const auto check_known = [&](const ValuePointer& value, const char* where) {
    GM_CHECK(value, "a missing value in ", where);
    GM_CHECK(value->kind == ValueKind::constant || known.count(value.get()), "a value of type ", value->type,
             " is used in ", where, " before it is made");
  };
  for (const auto& node : graph.nodes) {
    std::vector<TensorType> types;
    for (const auto& input : node->inputs) {
      check_known(input, node->op->name());
      types.push_back(input->type);
    }
    const auto inferred = infer_types(*node->op, types, node->attributes);
    GM_CHECK(inferred.size() == node->outputs.size(), node->op->name(), " has ", node->outputs.size(), " outputs");
    for (size_t i = 0; i < inferred.size(); ++i) {
      GM_CHECK(inferred[i] == node->outputs[i]->type, node->op->name(), " infers ", inferred[i], ", the graph says ",
               node->outputs[i]->type);
      known.insert(node->outputs[i].get());
    }
  }
  for (const auto& output : graph.outputs) check_known(output, "the outputs");
  for (const auto& update : graph.updates) {
    check_known(update.value, "a state update");
    GM_CHECK(update.value->type == graph.states[update.state]->type, "a state of type ",
             graph.states[update.state]->type, " is updated with ", update.value->type);
  }
}

}  // namespace gradmill
