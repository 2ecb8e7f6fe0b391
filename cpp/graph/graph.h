// The intermediate representation: a list of nodes in an order in which they can run. Variables are states: inputs whose
// value a step may replace. There are no other effects.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "registry/op_def.h"
#include "registry/variable.h"

namespace gradmill {

class Graph;
struct Node;

enum class ValueKind : uint8_t { input, state, constant, result };

struct Value : ValueBase {
  Value(TensorType value_type, ValueKind value_kind, Graph* owner)
      : ValueBase(std::move(value_type), true), kind(value_kind), graph(owner) {}

  ValueKind kind;
  Graph* graph;             // null once the graph is gone
  Node* producer = nullptr;  // of a result
  int index = 0;             // which output of the producer; which input or state of the graph
  Tensor constant;           // of a constant
};
using ValuePointer = std::shared_ptr<Value>;

struct Node {
  const OpDef* op;
  Attributes attributes;
  std::vector<ValuePointer> inputs, outputs;
  std::string scope;  // path of the layer that made it
  int chain = -1;     // nodes of one number >= 0 run chunk by chunk, see passes/form_chains.cpp
  bool again = false;  // computes what another node computes, for readers that come later
};

struct StateUpdate {
  int state;  // index into Graph::states
  ValuePointer value;
};

class Graph {
 public:
  Graph() = default;
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  ValuePointer add_input(const TensorType& type);
  ValuePointer add_state(const VariablePointer& variable);  // the same value for the same variable
  ValuePointer add_constant(Tensor tensor);
  // Appends a node; the output types are given, not inferred.
  Node* add_node(const OpDef& op, const Attributes& attributes, std::vector<ValuePointer> inputs,
                 const std::vector<TensorType>& output_types, std::string scope);

  std::vector<std::unique_ptr<Node>> nodes;  // producers before consumers
  std::vector<ValuePointer> inputs;
  std::vector<VariablePointer> variables;    // of the states, in the same order
  std::vector<ValuePointer> states;
  std::vector<ValuePointer> outputs;
  std::vector<StateUpdate> updates;          // at most one a state; the old value holds until the step ends

 private:
  std::vector<std::weak_ptr<Value>> made_;
  std::unordered_map<const Variable*, int> state_of_;
};

// Which nodes read each value; graph outputs and state updates are not among them.
std::unordered_map<const Value*, std::vector<Node*>> users_of_values(const Graph& graph);

// Replaces every use of a value (as an input of a node, an output of the graph, a state update) by another.
using Replacements = std::unordered_map<const Value*, ValuePointer>;
void replace_uses(Graph& graph, const Replacements& replacements);

// A readable listing, one node a line; parse_graph reads it back if it has all constants. Else the values of constants
// of more than 16 elements are left out. Throws nothing.
std::string to_string(const Graph& graph, bool all_constants = false);

// Throws InternalError when the graph is malformed: an input made after its use, an output type that differs from what
// the op infers, an update of the wrong type.
void verify(const Graph& graph);

}  // namespace gradmill
