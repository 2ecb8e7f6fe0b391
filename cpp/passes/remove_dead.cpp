// Removes nodes that no output of the graph and no state update depends on.
#include <algorithm>

#include "passes/pipeline.h"

namespace gradmill {

std::unordered_set<const Node*> live_nodes(const Graph& graph) {
  std::unordered_set<const Node*> live;
  const auto mark = [&](const ValuePointer& value) {
    if (value->producer) live.insert(value->producer);
  };
  for (const auto& output : graph.outputs) mark(output);
  for (const auto& update : graph.updates) mark(update.value);
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    if (!live.count(graph.nodes[i].get())) continue;
    for (const auto& input : graph.nodes[i]->inputs) mark(input);
  }
  return live;
}

void remove_dead(Graph& graph) {
  const auto live = live_nodes(graph);
  for (auto& node : graph.nodes) {
    if (live.count(node.get())) continue;
    for (auto& output : node->outputs) output->producer = nullptr;  // a leaked traced tensor may still point here
  }
  graph.nodes.erase(std::remove_if(graph.nodes.begin(), graph.nodes.end(),
                                   [&](const auto& node) { return !live.count(node.get()); }),
                    graph.nodes.end());
}

}  // namespace gradmill
