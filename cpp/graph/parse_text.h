// A graph from its text, for tests and for looking into what a pass does.
//
//   in0: input float32(4, 3)
//   s0: state float32(3,) "dense/bias"
//   c0: constant float32() 2                      numbers of a constant with axes stand in brackets: [1, 2, 3]
//   v0: float32(4, 3) = add(in0, s0)  # "dense"   the layer that made the node, if any
//   v1: float32(4, 3) = exp(v0) in chain 0         nodes that run piece by piece together, see passes/form_chains.cpp
//   v1: float32(4, 3) = softmax(v0) {axis=-1}     attributes that are left out have their defaults
//   s0 := v2                                      the new value of a state
//   return v1
//
// Names are free, types of results may be left out, empty lines and lines that start with # are passed over.
#pragma once

#include <memory>

#include "graph/graph.h"

namespace gradmill {

// States become new variables of zeros. Throws ArgumentError with the number of the line for whatever is wrong: syntax,
// unknown ops (with the nearest known one) and names, types that differ from what the op infers.
std::unique_ptr<Graph> parse_graph(const std::string& text);

}  // namespace gradmill
