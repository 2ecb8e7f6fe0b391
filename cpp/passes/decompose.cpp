// Replaces ops that have no kernel here by what they are made of.
#include "base/check.h"
#include "graph/graph_emitter.h"
#include "passes/pipeline.h"
#include "registry/registry.h"

namespace gradmill {

void decompose(Graph& graph) {
  Replacements replacements;
  std::vector<std::unique_ptr<Node>> old_nodes = std::move(graph.nodes);
  graph.nodes.clear();
  const RecordingPause no_tapes;
  GraphEmitter emitter(graph);
  const EmitterScope scope(&emitter);
  for (auto& node : old_nodes) {
    for (auto& input : node->inputs) {
      const auto found = replacements.find(input.get());
      if (found != replacements.end()) input = found->second;
    }
    if (catalogue_row(node->op->id).cpu != Realization::decompose) {
      graph.nodes.push_back(std::move(node));
      continue;
    }
    GM_CHECK(node->op->decompose, node->op->name(), " has neither kernel nor decomposition");
    const ScopePath place(node->scope);
    const RepeatScope again(node->again);
    Vars inputs;
    for (const auto& input : node->inputs) inputs.emplace_back(input);
    const Vars outputs = node->op->decompose(OpScope(inputs, node->attributes));
    for (size_t i = 0; i < outputs.size(); ++i) replacements[node->outputs[i].get()] = emitter.lift(outputs[i]);
  }
  replace_uses(graph, replacements);
}

}  // namespace gradmill
