// Elementwise ops on values of one shape become one node, so that intermediate values stay in cache.
//
// Nodes are visited in order. A node joins the groups of its producers when shape, compute type and chain agree.
#include <algorithm>
#include <unordered_set>

#include "base/check.h"
#include "math/tile_builder.h"
#include "ops/elementwise/elementwise.h"
#include "ops/elementwise/tile_group.h"
#include "ops/prepare.h"
#include "passes/node_groups.h"
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

// The rounding of a product to 16 bits, which joins the product: whoever widens that again, now or later, gets the same.
bool rounds_product(const Node& node) {
  if (!is_op(node, OpId::cast) || !is_half(node.outputs[0]->type.dtype)) return false;
  const Node* maker = node.inputs[0]->producer;
  return maker && !is_tile(*maker) && !maker->op->traits.is_view;
}

class Fusion {
 public:
  explicit Fusion(Graph& graph) : graph_(graph), users_(users_of_values(graph)), sets_(graph) {
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
    TileType type;
    bool type_is_open;  // only casts and broadcasts so far
  };

  bool compatible(const Node& node, int number, const ValuePointer& through) const {
    const Group& group = groups_[number];
    const auto& members = sets_.members(number);
    if (members.front()->chain != node.chain) return false;
    if (node.again && !through->producer->again) return false;  // is for later, and what it reads is kept anyway
    if (members.front()->outputs[0]->type.shape != node.outputs[0]->type.shape) return false;
    if (through->type.shape != node.outputs[0]->type.shape) return false;
    if (members.size() >= largest_group) return false;
    if (rounds_product(*through->producer) && is_op(node, OpId::cast)) return false;
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
      const int group = sets_.of(input->producer);
      if (group == NodeGroups::none || !compatible(*node, group, input)) continue;
      if (std::find(candidates.begin(), candidates.end(), group) == candidates.end()) candidates.push_back(group);
    }
    int home = NodeGroups::none;
    for (int candidate : candidates) {
      if (!sets_.may_join(candidate, home, *node)) continue;
      if (home == NodeGroups::none) {
        home = candidate;
        sets_.add(home, node);
      } else if (sets_.members(home).size() + sets_.members(candidate).size() <= largest_group &&
                 groups_[home].type == groups_[candidate].type) {
        sets_.merge(home, candidate);
      }
    }
    if (home == NodeGroups::none) {
      sets_.open(node);
      groups_.push_back({compute_type(*node), adapts(*node)});
    }
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
    return std::any_of(users->second.begin(), users->second.end(), [&](Node* user) { return sets_.of(user) != group; });
  }

  Assembly assemble(int index) const {
    Assembly assembly;
    const auto& members = sets_.members(index);
    assembly.group.shape = members.front()->outputs[0]->type.shape;
    for (Node* node : members) {
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
      const auto& members = sets_.members(static_cast<int>(i));
      if (members.size() < 2) continue;
      Assembly assembly = assemble(static_cast<int>(i));
      if (!fits(assembly, groups_[i].type)) continue;  // stays unfused; every member alone is a valid program
      removed.insert(members.begin(), members.end());
      at.emplace(members.back(), std::move(assembly));
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
        made->chain = node->chain;
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
  std::unordered_set<const Value*> kept_;
  NodeGroups sets_;
  std::vector<Group> groups_;  // what else is known of each set
  std::vector<std::unique_ptr<Node>> retired_;
};

}  // namespace

void fuse_tiles(Graph& graph) {
  Fusion(graph).run();
  // A fused node stands where its last member stood, which may be after readers of earlier members.
  order_steps(graph);
}

}  // namespace gradmill
