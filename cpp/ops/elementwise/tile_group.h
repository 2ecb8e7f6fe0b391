// A set of elementwise ops that run as one pass over memory: the description that passes build, printed in plans and
// turned into a TileProgram when memory is known.
#pragma once

#include <vector>

#include "math/tile_program.h"
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

// The type in which an op of this group computes; the op must be a TILE row.
TileType tile_type_of_op(int op, const std::vector<TensorType>& inputs, const TensorType& output);

// A group of one step for a TILE op, with its inputs in order.
TileGroup single_step_group(int op, const Attributes& attributes, const std::vector<TensorType>& inputs,
                            const TensorType& output);

// `same_memory_as` gives for each output the input whose buffer it overwrites, or TileBuilder::no_input / any_input.
// Returns null, or why the group does not fit into one program.
const char* build_tile_program(const TileGroup& group, TileType type, const std::vector<int>& same_memory_as,
                               TileProgram* program);

std::string to_string(const TileGroup& group);  // "add, relu"

}  // namespace gradmill
