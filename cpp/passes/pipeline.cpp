#include "passes/pipeline.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "base/settings.h"

namespace gradmill {

const std::vector<Pass>& pipeline() {
  static const std::vector<Pass> passes = {
      {"remove_dead", remove_dead, false},     {"decompose", decompose, true},
      {"fold_constants", fold_constants, false}, {"merge_common", merge_common, false},
      {"fold_padding", fold_padding, false},   {"reassociate", reassociate, false},
      {"recompute", recompute, false},         {"form_chains", form_chains, false},
      {"merge_common", merge_common, false},   {"fuse_tiles", fuse_tiles, false},
      {"fuse_epilogues", fuse_epilogues, false}, {"order_steps", order_steps, true},
  };
  return passes;
}

void run_pipeline(Graph& graph) {
  const auto& disabled = settings().disabled_passes;
  if (settings().verify_passes) verify(graph);
  GM_LOG("graph", "traced:\n", to_string(graph));
  for (const Pass& pass : pipeline()) {
    if (!pass.mandatory && std::find(disabled.begin(), disabled.end(), pass.name) != disabled.end()) continue;
    const size_t before = graph.nodes.size();
    const auto start = std::chrono::steady_clock::now();
    pass.run(graph);
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    GM_LOG("passes", pass.name, ": ", before, " -> ", graph.nodes.size(), " nodes, ", elapsed.count(), " ms");
    if (settings().verify_passes) verify(graph);
  }
  GM_LOG("graph", "compiled:\n", to_string(graph));
}

}  // namespace gradmill
