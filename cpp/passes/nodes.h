// What passes ask of a node.
#pragma once

#include "graph/graph.h"
#include "registry/registry.h"

namespace gradmill {

inline bool is_op(const Node& node, OpId id) { return is_op(*node.op, id); }
// Elementwise work, which tile programs run.
inline bool is_tile(const Node& node) { return catalogue_row(node.op->id).cpu == Realization::tile; }

}  // namespace gradmill
