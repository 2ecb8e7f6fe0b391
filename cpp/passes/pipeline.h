// The compiler: passes over a traced graph, in one order, each with a name, a timer and (but for the mandatory ones) an
// off switch: GRADMILL_DISABLE_PASSES=fuse_tiles,...
#pragma once

#include <unordered_set>

#include "graph/graph.h"

namespace gradmill {

struct Pass {
  const char* name;
  void (*run)(Graph& graph);
  bool mandatory;
  bool exact;  // changes no bit of a result (but the sign of a zero)
};

enum class PassSet : uint8_t { all, exact };

// All passes in the order in which they run.
const std::vector<Pass>& pipeline();
void run_pipeline(Graph& graph, PassSet set = PassSet::all);

// The nodes on which an output of the graph or a state update depends.
std::unordered_set<const Node*> live_nodes(const Graph& graph);

void fold_constants(Graph& graph);
void merge_common(Graph& graph);
void remove_dead(Graph& graph);
void decompose(Graph& graph);
void narrow_rows(Graph& graph);
void check_factors(Graph& graph);
void read_halves(Graph& graph);
void fold_padding(Graph& graph);
void narrow_convolutions(Graph& graph);
void reassociate(Graph& graph);
void recompute(Graph& graph);
void round_in_products(Graph& graph);
void sum_in_float(Graph& graph);
void read_unrounded(Graph& graph);
void form_chains(Graph& graph);
void fuse_tiles(Graph& graph);
void fuse_epilogues(Graph& graph);
void order_steps(Graph& graph);

}  // namespace gradmill
