// Nodes that compute the same from the same become one, unless they do so for different readers on purpose. Random ops are functions of their key, so they may merge too.
#include "passes/pipeline.h"

namespace gradmill {
namespace {

size_t hash_node(const Node& node) {
  size_t seed = hash_of(node.attributes) * 31 + static_cast<size_t>(node.op->id);
  for (const auto& input : node.inputs) seed = seed * 1000003 + std::hash<const Value*>()(input.get());
  return seed;
}

bool same_scalar(const ValuePointer& a, const ValuePointer& b) {
  return a->kind == ValueKind::constant && b->kind == ValueKind::constant && a->type == b->type &&
         a->type.elements() == 1 && scalar_value(a->constant) == scalar_value(b->constant);
}

}  // namespace

void merge_common(Graph& graph) {
  Replacements replacements;
  std::unordered_multimap<size_t, Node*> seen;
  std::vector<ValuePointer> scalars;
  for (auto& node : graph.nodes) {
    for (auto& input : node->inputs) {
      const auto found = replacements.find(input.get());
      if (found != replacements.end()) input = found->second;
      if (input->kind != ValueKind::constant || input->type.elements() != 1) continue;
      bool known = false;
      for (const auto& scalar : scalars) {
        if (scalar == input || same_scalar(scalar, input)) {
          input = scalar;
          known = true;
          break;
        }
      }
      if (!known) scalars.push_back(input);
    }
    const size_t hash = hash_node(*node);
    const auto range = seen.equal_range(hash);
    Node* twin = nullptr;
    for (auto it = range.first; it != range.second && !twin; ++it) {
      Node* other = it->second;
      if (other->chain != node->chain || other->again != node->again || (node->again && node->chain < 0)) continue;
      if (other->op == node->op && other->inputs == node->inputs && other->attributes == node->attributes) twin = other;
    }
    if (!twin) {
      seen.emplace(hash, node.get());
      continue;
    }
    for (size_t i = 0; i < node->outputs.size(); ++i) replacements[node->outputs[i].get()] = twin->outputs[i];
  }
  replace_uses(graph, replacements);
  remove_dead(graph);
}

}  // namespace gradmill
