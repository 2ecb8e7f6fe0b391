// What passes, plans and kernels do with a TileGroup: find its type, make it of one op, turn it into a TileProgram when
// memory is known.
#pragma once

#include <vector>

#include "math/tile_program.h"
#include "registry/tile_group.h"

namespace gradmill {

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
