// What passes ask of a node.
#pragma once

#include "graph/graph.h"
#include "registry/registry.h"

namespace gradmill {

inline bool is_op(const Node& node, OpId id) { return is_op(*node.op, id); }
// Elementwise work, which tile programs run.
inline bool is_tile(const Node& node) { return catalogue_row(node.op->id).cpu == Realization::tile; }
// A constant of one element that is this number.
inline bool is_scalar_constant(const ValuePointer& value, double number) {
  return value->kind == ValueKind::constant && value->type.elements() == 1 && scalar_value(value->constant) == number;
}

}  // namespace gradmill
