// Values that are cheaper to compute again than to keep: one sum, difference or product of a large value that is in
// memory anyway and a broadcast one. Each user but the first gets a node of its own, which then joins the user's group of
// elementwise work, so that nothing of that size is written and read back. The distance from the mean in batch
// normalization, needed forward and backward, is the case that matters.
#include <algorithm>
#include <unordered_map>

#include "passes/nodes.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

constexpr int64_t large = 4096;        // elements; below, nothing is gained
constexpr int64_t broadcast_ratio = 8;  // an operand so many times smaller is read at no cost

bool is_cheap(const Node& node) {
  return is_op(node, OpId::add) || is_op(node, OpId::subtract) || is_op(node, OpId::multiply);
}

using Users = std::unordered_map<const Value*, std::vector<Node*>>;

// Whether the value will lie in memory whatever is fused: elementwise work neither makes it nor is all that reads it.
bool is_stored(const Value& value, const Users& users) {
  if (!value.producer || !is_tile(*value.producer)) return true;
  const auto found = users.find(&value);
  return found != users.end() &&
         std::any_of(found->second.begin(), found->second.end(), [](const Node* user) { return !is_tile(*user); });
}

// One operand of full size that is stored anyway, the rest small.
bool repays(const Node& node, const Users& users) {
  const int64_t elements = node.outputs[0]->type.elements();
  if (!is_cheap(node) || elements < large) return false;
  int full = 0;
  for (const auto& input : node.inputs) {
    const int64_t size = input->type.elements();
    if (size == elements && is_stored(*input, users)) ++full;
    else if (size > elements / broadcast_ratio) return false;
  }
  return full == 1;
}

}  // namespace

void recompute(Graph& graph) {
  const Users users = users_of_values(graph);
  std::unordered_map<const Node*, int> position;
  for (size_t i = 0; i < graph.nodes.size(); ++i) position[graph.nodes[i].get()] = static_cast<int>(i);
  std::unordered_map<const Value*, const Node*> originals;  // values to compute again, and what computes them
  for (const auto& node : graph.nodes) {
    if (!is_tile(*node) || !repays(*node, users)) continue;
    const Value* value = node->outputs[0].get();
    const auto found = users.find(value);
    if (found == users.end() || found->second.size() < 2) continue;
    const bool kept = std::any_of(graph.outputs.begin(), graph.outputs.end(), [&](const auto& v) { return v.get() == value; }) ||
                      std::any_of(graph.updates.begin(), graph.updates.end(), [&](const auto& u) { return u.value.get() == value; });
    const bool all_tiles = std::all_of(found->second.begin(), found->second.end(), [](const Node* user) { return is_tile(*user); });
    if (!kept && all_tiles) originals[value] = node.get();
  }
  if (originals.empty()) return;
  std::vector<std::unique_ptr<Node>> old_nodes = std::move(graph.nodes);
  graph.nodes.clear();
  std::unordered_map<const Value*, const Node*> first_user;
  for (auto& node : old_nodes) {
    for (auto& input : node->inputs) {
      const auto original = originals.find(input.get());
      if (original == originals.end()) continue;
      const Node*& first = first_user[input.get()];
      if (!first) first = node.get();
      if (first == node.get()) continue;
      const Node& source = *original->second;
      Node* copy = graph.add_node(*source.op, source.attributes, source.inputs, {source.outputs[0]->type}, source.scope);
      input = copy->outputs[0];
    }
    graph.nodes.push_back(std::move(node));
  }
}

}  // namespace gradmill
