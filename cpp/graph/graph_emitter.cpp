#include "graph/graph_emitter.h"

#include "base/check.h"

namespace gradmill {

Vars GraphEmitter::emit(const OpDef& op, const Vars& inputs, const Attributes& attributes) {
  std::vector<ValuePointer> values;
  std::vector<TensorType> types;
  for (const Var& input : inputs) {
    values.push_back(lift(input));
    types.push_back(input.type());
  }
  Node* node = graph_.add_node(op, attributes, std::move(values), infer_types(op, types, attributes), current_scope());
  node->again = is_repeating();
  Vars outputs;
  for (const auto& output : node->outputs) outputs.emplace_back(output);
  return outputs;
}

ValuePointer GraphEmitter::lift(const Var& var) {
  if (var.in_graph()) {
    auto value = std::static_pointer_cast<Value>(var.value());
    if (value->graph != &graph_) {
      throw UnsupportedError(text(
          "trace: a tensor of type ", var.type(), " belongs to another trace",
          value->graph ? "" : " that has ended", "; pass it as an argument, or keep it in a Variable"));
    }
    return value;
  }
  auto& constant = constants_[var.id()];
  if (!constant) constant = graph_.add_constant(var.tensor());
  return constant;
}

Var GraphEmitter::read(const VariablePointer& variable) {
  const auto found = assigned_.find(variable.get());
  return found != assigned_.end() ? found->second : Var(graph_.add_state(variable));
}

void GraphEmitter::assign(const VariablePointer& variable, const Var& value) {
  graph_.add_state(variable);
  const auto inserted = assigned_.insert_or_assign(variable.get(), Var(lift(value)));
  if (inserted.second) assignment_order_.push_back(variable);
}

void GraphEmitter::finish() {
  graph_.updates.clear();
  for (const auto& variable : assignment_order_) {
    const ValuePointer state = graph_.add_state(variable);
    const ValuePointer value = lift(assigned_.at(variable.get()));
    if (value != state) graph_.updates.push_back({state->index, value});
  }
}

}  // namespace gradmill
