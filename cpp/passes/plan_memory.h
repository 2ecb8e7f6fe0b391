// Where every value of an ordered graph lives: in the memory of an input, a state, a constant or an output, or at an
// offset of one arena that the whole step shares.
#pragma once

#include <unordered_set>

#include "graph/graph.h"

namespace gradmill {

enum class Place : uint8_t { arena, input, state, constant, output };

struct Location {
  Place place = Place::arena;
  int index = 0;      // of the input, state or output
  size_t offset = 0;  // in the arena
  const Value* root = nullptr;  // the value whose memory this is: itself, or what it is a view of
};

// A value that is moved after the last step: to a state that could not be updated in place, or to an output that shares
// its memory with something else.
struct FinalCopy {
  const Value* from;
  Place to;
  int index;
};

struct MemoryPlan {
  std::unordered_map<const Value*, Location> locations;
  std::vector<FinalCopy> final_copies;
  size_t arena_bytes = 0;
  int in_place = 0;  // values that took over the memory of an input of their node
};

// `scratch_bytes[i]` is memory that node i needs for itself while it runs, of a chain that of all members at the first; its
// offset comes back in `scratch_offsets`. The values `inside` chains get no memory.
MemoryPlan plan_memory(const Graph& graph, const std::unordered_set<const Value*>& inside,
                       const std::vector<size_t>& scratch_bytes, std::vector<size_t>* scratch_offsets);

// For each output of the node the position of the input whose memory it shares, or TileBuilder::no_input.
std::vector<int> shared_memory(const Node& node, const MemoryPlan& memory);

}  // namespace gradmill
