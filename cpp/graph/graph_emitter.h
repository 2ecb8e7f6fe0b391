// Tracing: appends what is emitted to a graph.
#pragma once

#include <unordered_map>

#include "graph/graph.h"
#include "registry/emitter.h"

namespace gradmill {

class GraphEmitter : public Emitter {
 public:
  explicit GraphEmitter(Graph& graph) : graph_(graph) {}

  Vars emit(const OpDef& op, const Vars& inputs, const Attributes& attributes) override;
  Var read(const VariablePointer& variable) override;
  void assign(const VariablePointer& variable, const Var& value) override;
  bool tracing() const override { return true; }

  // The value of this graph that a Var stands for: eager tensors become constants. Throws UnsupportedError for a value
  // of another trace.
  ValuePointer lift(const Var& var);
  // Writes the last assignment of each variable into the graph's updates.
  void finish();

 private:
  Graph& graph_;
  std::unordered_map<const Variable*, Var> assigned_;
  std::vector<VariablePointer> assignment_order_;
  std::unordered_map<uint64_t, ValuePointer> constants_;
};

}  // namespace gradmill
