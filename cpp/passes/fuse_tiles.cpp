// Elementwise ops on values of one shape become one node, so that intermediate values stay in cache.
//
// Nodes are visited in order. A node joins the groups of its producers when shape and compute type agree and no path
// leaves the group and comes back: everything in a group runs at once. The test looks for such a path backwards from the
// other inputs, over groups as wholes.
#include <algorithm>
#include <unordered_set>

#include "base/check.h"
#include "math/tile_builder.h"
#include "ops/elementwise/elementwise.h"
#include "ops/elementwise/tile_group.h"
#include "ops/prepare.h"
#include "passes/nodes.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

// Programs hold a bounded number of operands; groups stop growing before that.
constexpr size_t largest_group = 40;

TileType compute_type(const Node& node) {
  std::vector<TensorType> inputs;
  for (const auto& input : node.inputs) inputs.push_back(input->type);
  return tile_type_of_op(node.op->id, inputs, node.outputs[0]->type);
}

// Casts and broadcasts compute in whatever type the group has, if the value they read comes from memory.
bool adapts(const Node& node) { return is_op(node, OpId::cast) || is_op(node, OpId::broadcast_to); }

class Fusion {
 public:
  explicit Fusion(Graph& graph) : graph_(graph), users_(users_of_values(graph)) {
    for (size_t i = 0; i < graph.nodes.size(); ++i) position_[graph.nodes[i].get()] = static_cast<int>(i);
    for (const auto& output : graph.outputs) kept_.insert(output.get());
    for (const auto& update : graph.updates) kept_.insert(update.value.get());
  }

  void run() {
    for (const auto& node : graph_.nodes) {
      if (is_tile(*node) && node->outputs[0]->type.elements() > 0) join(node.get());
    }
    rebuild();
  }

 private:
  struct Group {
    std::vector<Node*> members;  // in order
    TileType type;
    bool type_is_open;  // only casts and broadcasts so far
  };

  int group_of(const Node* node) const {
    const auto found = group_of_.find(node);
    return found == group_of_.end() ? -1 : found->second;
  }

  // Whether anything outside `group` that `start` depends on depends on a member of `group`.
  bool returns_to(int group, const Node* start) const {
    const int earliest = position_.at(groups_[group].members.front());
    std::vector<const Node*> pending{start};
    std::unordered_set<const Node*> seen;
    while (!pending.empty()) {
      const Node* node = pending.back();
      pending.pop_back();
      if (!seen.insert(node).second) continue;
      if (group_of(node) == group) return true;
      const int other = group_of(node);
      const auto visit_inputs = [&](const Node* of) {
        for (const auto& input : of->inputs) {
          if (input->producer && (position_.at(input->producer) >= earliest)) pending.push_back(input->producer);
        }
      };
      if (other < 0) {
        if (position_.at(node) > earliest) visit_inputs(node);
      } else {  // a group runs as a whole: it depends on the inputs of all members
        for (const Node* member : groups_[other].members) {
          seen.insert(member);
          visit_inputs(member);
        }
      }
    }
    return false;
  }

  bool compatible(const Node& node, const Group& group, const ValuePointer& through) const {
    if (group.members.front()->outputs[0]->type.shape != node.outputs[0]->type.shape) return false;
    if (through->type.shape != node.outputs[0]->type.shape) return false;
    if (group.members.size() >= largest_group) return false;
    if (is_op(node, OpId::cast)) {
      // Inside a group a value has the program's precision; only casts that keep meaning may stay inside.
      const DType from = node.inputs[0]->type.dtype, to = node.outputs[0]->type.dtype;
      if (is_float(from) && is_integer(to)) return false;
      return from == DType::boolean ? tile_type_of(to) == group.type : tile_type_of(to) == group.type || to == DType::boolean;
    }
    return compute_type(node) == group.type;
  }

  // Reading a mask made in another type would need a conversion inside the program.
  void join(Node* node) {
    std::vector<int> candidates;
    for (const auto& input : node->inputs) {
      if (!input->producer) continue;
      const int group = group_of(input->producer);
      if (group < 0 || !compatible(*node, groups_[group], input)) continue;
      if (std::find(candidates.begin(), candidates.end(), group) == candidates.end()) candidates.push_back(group);
    }
    int home = -1;
    for (int candidate : candidates) {
      if (!joins_without_cycle(candidate, home, *node)) continue;
      if (home < 0) {
        home = candidate;
        add(home, node);
      } else if (groups_[home].members.size() + groups_[candidate].members.size() <= largest_group &&
                 groups_[home].type == groups_[candidate].type) {
        merge(home, candidate);
      }
    }
    if (home < 0) {
      groups_.push_back({{node}, compute_type(*node), adapts(*node)});
      group_of_[node] = static_cast<int>(groups_.size()) - 1;
    }
  }

  bool joins_without_cycle(int candidate, int home, const Node& node) const {
    for (const auto& input : node.inputs) {
      if (!input->producer) continue;
      const int group = group_of(input->producer);
      if (group == candidate || (home >= 0 && group == home)) continue;
      if (returns_to(candidate, input->producer)) return false;
    }
    if (home < 0) return true;
    // Merging two groups: neither may depend on the other through a third.
    return !depends_through_others(home, candidate) && !depends_through_others(candidate, home);
  }

  bool depends_through_others(int group, int on) const {
    for (const Node* member : groups_[group].members) {
      for (const auto& input : member->inputs) {
        if (!input->producer || group_of(input->producer) == group || group_of(input->producer) == on) continue;
        if (returns_to(on, input->producer)) return true;
      }
    }
    return false;
  }

  void add(int group, Node* node) {
    groups_[group].members.push_back(node);
    group_of_[node] = group;
  }

  void merge(int home, int other) {
    auto& members = groups_[home].members;
    for (Node* member : groups_[other].members) group_of_[member] = home;
    members.insert(members.end(), groups_[other].members.begin(), groups_[other].members.end());
    std::sort(members.begin(), members.end(), [&](Node* a, Node* b) { return position_.at(a) < position_.at(b); });
    groups_[other].members.clear();
  }

  // A cheap node whose only effect is to feed groups as a broadcast or converted operand is repeated in each reader.
  struct Assembly {
    TileGroup group;
    std::vector<ValuePointer> inputs, outputs;
    std::unordered_map<const Value*, int> values;
  };

  int operand(Assembly& assembly, const ValuePointer& value) const {
    const auto known = assembly.values.find(value.get());
    if (known != assembly.values.end()) return known->second;
    const int index = assembly.group.add_value(value->type);
    assembly.values[value.get()] = index;
    if (value->kind == ValueKind::constant && value->type.elements() == 1) {
      auto& entry = assembly.group.values[index];
      entry.is_constant = true;
      entry.constant = scalar_value(value->constant);
      entry.integer = value->type.dtype == DType::int64 ? *value->constant.data<int64_t>()
                                                        : static_cast<int64_t>(is_float(value->type.dtype) ? 0 : entry.constant);
    } else {
      assembly.group.inputs.push_back(index);
      assembly.inputs.push_back(value);
    }
    return index;
  }

  bool read_outside(const ValuePointer& value, int group) const {
    if (kept_.count(value.get())) return true;
    const auto users = users_.find(value.get());
    if (users == users_.end()) return false;
    return std::any_of(users->second.begin(), users->second.end(), [&](Node* user) { return group_of(user) != group; });
  }

  Assembly assemble(int index) const {
    Assembly assembly;
    const Group& group = groups_[index];
    assembly.group.shape = group.members.front()->outputs[0]->type.shape;
    for (Node* node : group.members) {
      TileGroup::Step step{node->op->id, node->attributes, {}, 0};
      for (const auto& input : node->inputs) step.inputs.push_back(operand(assembly, input));
      step.output = assembly.group.add_value(node->outputs[0]->type);
      assembly.values[node->outputs[0].get()] = step.output;
      assembly.group.steps.push_back(std::move(step));
      if (read_outside(node->outputs[0], index)) {
        assembly.group.outputs.push_back(assembly.values[node->outputs[0].get()]);
        assembly.outputs.push_back(node->outputs[0]);
      }
    }
    return assembly;
  }

  bool fits(const Assembly& assembly, TileType type) const {
    TileProgram program;
    const std::vector<int> aliases(assembly.outputs.size(), TileBuilder::any_input);
    return build_tile_program(assembly.group, type, aliases, &program) == nullptr;
  }

  // Replaces the members of each group by one node, placed where the last member stood.
  void rebuild() {
    Replacements replacements;
    std::unordered_map<const Node*, Assembly> at;
    std::unordered_set<const Node*> removed;
    for (size_t i = 0; i < groups_.size(); ++i) {
      const Group& group = groups_[i];
      if (group.members.size() < 2) continue;
      Assembly assembly = assemble(static_cast<int>(i));
      if (!fits(assembly, group.type)) continue;  // stays unfused; every member alone is a valid program
      removed.insert(group.members.begin(), group.members.end());
      at.emplace(group.members.back(), std::move(assembly));
    }
    std::vector<std::unique_ptr<Node>> old_nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    for (auto& node : old_nodes) {
      const auto found = at.find(node.get());
      if (found != at.end()) {
        Assembly& assembly = found->second;
        std::vector<TensorType> types;
        for (const auto& output : assembly.outputs) types.push_back(output->type);
        const OpDef& fused = op_definition(OpId::fused_tile);
        auto group = std::make_shared<const TileGroup>(std::move(assembly.group));
        const Attributes attributes = Attributes::of(FusedTileAttributes{std::move(group)}).with_schema(&fused.signature.schema());
        Node* made = graph_.add_node(fused, attributes, assembly.inputs, types, node->scope);
        for (size_t i = 0; i < types.size(); ++i) replacements[assembly.outputs[i].get()] = made->outputs[i];
      }
      if (!removed.count(node.get())) graph_.nodes.push_back(std::move(node));
      else retired_.push_back(std::move(node));
    }
    replace_uses(graph_, replacements);
    for (auto& node : retired_) {
      for (auto& output : node->outputs) output->producer = nullptr;
    }
  }

  Graph& graph_;
  std::unordered_map<const Value*, std::vector<Node*>> users_;
  std::unordered_map<const Node*, int> position_;
  std::unordered_set<const Value*> kept_;
  std::vector<Group> groups_;
  std::unordered_map<const Node*, int> group_of_;
  std::vector<std::unique_ptr<Node>> retired_;
};

}  // namespace

void fuse_tiles(Graph& graph) {
  Fusion(graph).run();
  // A fused node stands where its last member stood, which may be after readers of earlier members.
  order_steps(graph);
}

}  // namespace gradmill
