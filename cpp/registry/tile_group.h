// A set of elementwise ops that run as one pass over memory: plain data that passes build, an attribute of fused nodes.
// What can be done with it is in ops/elementwise/tile_group.h.
#pragma once

#include <vector>

#include "registry/attributes.h"

namespace gradmill {

struct TileGroup {
  struct Value {
    TensorType type;
    bool is_constant = false;  // a scalar known when the graph was compiled
    double constant = 0;
    int64_t integer = 0;       // the same for integer and bool types
  };
  struct Step {
    int op;  // row of the catalogue
    Attributes attributes;
    std::vector<int> inputs;
    int output;
  };

  Shape shape;               // of every output and every computed value
  std::vector<Value> values;
  std::vector<int> inputs;   // values read from buffers, in the order of the node's inputs
  std::vector<Step> steps;
  std::vector<int> outputs;  // values written to buffers, in the order of the node's outputs

  int add_value(const TensorType& type);
};

// All of it on one line, as graph/parse_text.h reads it:
// "tile(4, 3) [%0: float32(4, 3), %1: float32() = 2] (%0) {%2: float32(4, 3) = multiply(%0, %1)} -> (%2)".
std::string listing(const TileGroup& group);

}  // namespace gradmill
