// Nodes that treat every row of their operands (or every image of a batch) alike form a chain: they run piece by piece,
// all of them on one piece before the next, so that what one writes is in cache when another reads it, and a value that
// nobody else reads never gets memory of its own. A chain ends where a result of all pieces is needed: a sum over rows is
// made by the chain, and read by the next. What the pieces are and how they run is decided in execute/chain.cpp.
//
// Batch normalization between products is the case that matters: the normalized values are made of the stored ones for
// each reader (passes/recompute.cpp), and their sums are taken while they are at hand.
#include <algorithm>
#include <unordered_set>

#include "ops/prepare.h"
#include "passes/chain_roles.h"
#include "passes/node_groups.h"
#include "passes/nodes.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

constexpr size_t smallest_value = 1 << 20;  // bytes; below, values stay in cache anyway
constexpr size_t smallest_member = 1 << 18;  // of the largest value of a node; smaller ones gain nothing from being cut
constexpr size_t most_members = 64;
// A sum is kept this many times, for parts of the work; together they must stay small beside what is read.
constexpr size_t sums_kept = 16;

class Chains {
 public:
  explicit Chains(Graph& graph) : graph_(graph), users_(users_of_values(graph)), sets_(graph) {
    for (const auto& output : graph.outputs) kept_[output.get()] = true;
    for (const auto& update : graph.updates) kept_[update.value.get()] = true;
  }

  void run() {
    for (const auto& node : graph_.nodes) {
      auto roles = chain_roles(*node);
      if (!roles || !suits(*node, *roles) || finishes_a_product(*node)) continue;
      join(node.get(), roles_.emplace(node.get(), std::move(*roles)).first->second);
    }
    int next = 0;
    for (int set = 0; set < sets_.count(); ++set) {
      if (!repays(set)) continue;
      for (Node* member : sets_.members(set)) member->chain = next;
      ++next;
    }
  }

 private:
  // What is known of a set: rows of its values if it can be cut between rows, images if it has them.
  struct Extent {
    int64_t rows, images;
  };

  static bool consistent(const Extent& a, const Extent& b, Extent* both) {
    if (a.images && b.images && a.images != b.images) return false;
    const int64_t images = std::max(a.images, b.images);
    const int64_t rows = a.rows && a.rows == b.rows ? a.rows : 0;
    // Without common rows all must fall into the same images.
    if (!rows && (!images || a.rows % images || b.rows % images)) return false;
    *both = {rows, images};
    return true;
  }

  // Elementwise work on a product or convolution outside chains will be its epilogue, which is better still.
  bool finishes_a_product(const Node& node) {
    if (!is_tile(node)) return false;
    const bool result = std::any_of(node.inputs.begin(), node.inputs.end(), [&](const ValuePointer& input) {
      const Node* producer = input->producer;
      if (!producer || input->type.shape != node.outputs[0]->type.shape || sets_.of(producer) != NodeGroups::none) return false;
      return finishing_.count(producer) || (takes_epilogue(*producer->op) && users_.at(input.get()).size() == 1);
    });
    if (result) finishing_.insert(&node);
    return result;
  }

  bool suits(const Node& node, const ChainRoles& roles) const {
    for (const auto& output : node.outputs) {
      if (kept_.count(output.get())) return false;
    }
    size_t read = 0, added = 0, largest = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (roles.inputs[i] != InputRole::cut) continue;
      read += node.inputs[i]->type.bytes();
      largest = std::max(largest, node.inputs[i]->type.bytes());
    }
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      if (roles.outputs[o] != OutputRole::cut) added += node.outputs[o]->type.bytes();
      else largest = std::max(largest, node.outputs[o]->type.bytes());
    }
    return largest >= smallest_member && added * sums_kept <= read / 2;
  }

  // Whether `node` reads results of members piece by piece, all of them.
  bool reads_in_pieces(const Node& node, int set) const {
    const ChainRoles& roles = roles_.at(&node);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const Node* producer = node.inputs[i]->producer;
      if (!producer || sets_.of(producer) != set) continue;
      const OutputRole made = roles_.at(producer).outputs[node.inputs[i]->index];
      if (roles.inputs[i] != InputRole::cut || made != OutputRole::cut) return false;
    }
    return true;
  }

  bool may_merge(int home, int other) const {
    const auto all_in_pieces = [&](int readers, int makers) {
      const auto& members = sets_.members(readers);
      return std::all_of(members.begin(), members.end(), [&](Node* node) { return reads_in_pieces(*node, makers); });
    };
    return sets_.members(home).size() + sets_.members(other).size() <= most_members && all_in_pieces(home, other) &&
           all_in_pieces(other, home);
  }

  void join(Node* node, const ChainRoles& roles) {
    std::vector<int> candidates;
    for (const auto& input : node->inputs) {
      const Node* producer = input->producer;
      const int set = producer ? sets_.of(producer) : NodeGroups::none;
      // What is computed again is for later: beside the value that it is made of it would have to be kept.
      if (set == NodeGroups::none || (node->again && !producer->again)) continue;
      if (std::find(candidates.begin(), candidates.end(), set) == candidates.end()) candidates.push_back(set);
    }
    int home = NodeGroups::none;
    const Extent own{roles.rows, roles.images};
    for (const int candidate : candidates) {
      if (!reads_in_pieces(*node, candidate) || sets_.members(candidate).size() >= most_members) continue;
      Extent both;
      if (!consistent(home == NodeGroups::none ? own : extents_[home], extents_[candidate], &both)) continue;
      if (home != NodeGroups::none && !may_merge(home, candidate)) continue;
      if (!sets_.may_join(candidate, home, *node)) continue;
      if (home == NodeGroups::none) {
        home = candidate;
        sets_.add(home, node);
      } else {
        sets_.merge(home, candidate);
      }
      extents_[home] = both;
    }
    if (home == NodeGroups::none) {
      sets_.open(node);
      extents_.push_back(own);
    }
  }

  // At least two that do something, not all of them elementwise: those become one node without a chain.
  bool repays(int set) const {
    size_t largest = 0;
    int working = 0;
    bool only_tiles = true;
    for (const Node* member : sets_.members(set)) {
      if (member->op->traits.is_view) continue;
      ++working;
      only_tiles = only_tiles && is_tile(*member);
      const ChainRoles& roles = roles_.at(member);
      for (size_t i = 0; i < member->inputs.size(); ++i) {
        if (roles.inputs[i] == InputRole::cut) largest = std::max(largest, member->inputs[i]->type.bytes());
      }
      for (size_t o = 0; o < member->outputs.size(); ++o) {
        if (roles.outputs[o] == OutputRole::cut) largest = std::max(largest, member->outputs[o]->type.bytes());
      }
    }
    return working > 1 && !only_tiles && largest >= smallest_value;
  }

  Graph& graph_;
  const std::unordered_map<const Value*, std::vector<Node*>> users_;
  std::unordered_set<const Node*> finishing_;  // elementwise nodes that an epilogue will hold
  NodeGroups sets_;
  std::vector<Extent> extents_;
  std::unordered_map<const Node*, ChainRoles> roles_;
  std::unordered_map<const Value*, bool> kept_;
};

}  // namespace

void form_chains(Graph& graph) {
  Chains(graph).run();
  order_steps(graph);  // members side by side
}

}  // namespace gradmill
