#include "passes/pipeline.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "base/settings.h"

namespace gradmill {

const std::vector<Pass>& pipeline() {
  static const std::vector<Pass> passes = {
      {"remove_dead", remove_dead, false, true},
      {"decompose", decompose, true, true},
      {"fold_constants", fold_constants, false, true},
      {"merge_common", merge_common, false, true},
      {"narrow_rows", narrow_rows, false, false},
      {"check_factors", check_factors, false, false},
      {"fold_padding", fold_padding, false, false},
      {"narrow_convolutions", narrow_convolutions, false, false},
      {"reassociate", reassociate, false, false},
      {"read_halves", read_halves, false, false},
      {"recompute", recompute, false, false},
      {"round_in_products", round_in_products, false, false},
      {"sum_in_float", sum_in_float, false, false},
      {"read_unrounded", read_unrounded, false, false},
      {"form_chains", form_chains, false, false},
      {"merge_common", merge_common, false, false},
      {"fuse_tiles", fuse_tiles, false, false},
      {"fuse_epilogues", fuse_epilogues, false, false},
      {"order_steps", order_steps, true, true},
  };
  return passes;
}

void run_pipeline(Graph& graph, PassSet set) {
  const auto& disabled = settings().disabled_passes;
  if (settings().verify_passes) verify(graph);
  GM_LOG("graph", "traced:\n", to_string(graph));
  for (const Pass& pass : pipeline()) {
    if (set == PassSet::exact && !pass.exact) continue;
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
