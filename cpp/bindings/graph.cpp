// Graphs as text: what tests of the compiler's passes are written in.
#include "base/nearest.h"
#include "bindings/convert.h"
#include "execute/plan.h"
#include "graph/parse_text.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

class ParsedGraph {
 public:
  explicit ParsedGraph(const std::string& listing) : graph_(parse_graph(listing)) {}

  std::string listing() const { return to_string(graph(), true); }

  // A pass that fails leaves half a graph, which nobody may see.
  void run_passes(const std::vector<std::string>& names) {
    std::vector<const Pass*> passes;
    for (const auto& name : names) passes.push_back(&find(name));
    std::unique_ptr<Graph> graph = take();
    for (const Pass* pass : passes) {
      pass->run(*graph);
      verify(*graph);
    }
    graph_ = std::move(graph);
  }

  std::shared_ptr<Plan> compile() { return std::make_shared<Plan>(take()); }

 private:
  static const Pass& find(const std::string& name) {
    std::vector<std::string> known;
    for (const Pass& pass : pipeline()) {
      if (name == pass.name) return pass;
      known.push_back(pass.name);
    }
    throw ArgumentError(text("run_passes: unknown pass '", name, "'", did_you_mean(name, known)));
  }

  const Graph& graph() const {
    if (!graph_) throw UnsupportedError("graph: it was compiled, or a pass failed on it; parse the text again");
    return *graph_;
  }

  std::unique_ptr<Graph> take() {
    graph();
    return std::move(graph_);
  }

  std::unique_ptr<Graph> graph_;
};

}  // namespace

void bind_graph(py::module_& module) {
  py::class_<ParsedGraph> graph(module, "ParsedGraph", "A graph made from its text; see parse_graph.");
  graph.def("run_passes", &ParsedGraph::run_passes, py::arg("names"),
            "Runs compiler passes, each followed by verification.");
  graph.def("compile", &ParsedGraph::compile, "The plan of the graph, which is gone then.");
  graph.def("__str__", &ParsedGraph::listing);
  module.def("parse_graph", [](const std::string& listing) { return std::make_unique<ParsedGraph>(listing); },
             py::arg("text"),
             "The graph of a listing as str() of a plan or graph gives it. Raises ArgumentError naming the line.");
  module.def("pass_names", [] {
    std::vector<std::string> names;
    for (const Pass& pass : pipeline()) names.emplace_back(pass.name);
    return names;
  }, "The compiler's passes in the order in which they run.");
}

}  // namespace gradmill
