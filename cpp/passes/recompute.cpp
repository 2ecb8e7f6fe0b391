// Elementwise values that are cheaper to compute again than to keep. A value that follows by a few elementwise ops from one
// large value that is in memory anyway, and from small ones, need not be kept for readers that come much later (the
// gradients): each gets nodes of its own, which then join what it runs with (form_chains, fuse_tiles). The normalized and
// activated values of batch normalization, and the masks of their gradients, are the case that matters.
#include <algorithm>
#include <unordered_set>

#include "passes/chain_roles.h"
#include "passes/nodes.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

constexpr int64_t large_elements = 4096;  // below, nothing is gained
constexpr int64_t broadcast_ratio = 8;    // an operand so many times smaller is read at no cost
constexpr size_t most_ops = 16;           // computed again for one reader

// Elementwise work on both sides of such a node does not run as one.
bool separates(const Node& node) { return !is_tile(node) && !node.op->traits.is_view; }

bool is_linear(const Node& node) {
  constexpr OpId ops[] = {OpId::add, OpId::subtract, OpId::multiply, OpId::sum, OpId::matmul, OpId::channel_moments,
                          OpId::channel_products};
  return std::any_of(std::begin(ops), std::end(ops), [&](OpId op) { return is_op(node, op); });
}

class Recomputation {
 public:
  explicit Recomputation(Graph& graph) : graph_(graph), users_(users_of_values(graph)) {
    int separators = 0;
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      const Node* node = graph.nodes[i].get();
      position_[node] = static_cast<int>(i);
      separators_before_[node] = separators;
      separators += separates(*node);
    }
    for (const auto& output : graph.outputs) kept_.insert(output.get());
    for (const auto& update : graph.updates) kept_.insert(update.value.get());
  }

  void run() {
    std::vector<std::unique_ptr<Node>> old_nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    for (auto& node : old_nodes) {
      std::unordered_map<const Value*, ValuePointer> copies;  // for this reader
      for (auto& input : node->inputs) {
        if (is_late(*input, *node) && repays(*input)) input = copy(input, copies);
      }
      if (is_tile(*node) && follows_late(*node)) node->again = true;
      graph_.nodes.push_back(std::move(node));
    }
  }

 private:
  const std::vector<Node*>& users(const Value& value) const {
    static const std::vector<Node*> nobody;
    const auto found = users_.find(&value);
    return found == users_.end() ? nobody : found->second;
  }

  // A product's result rounded to 16 bits, by its only reader: what is stored of it (the rounding joins the product).
  bool is_rounded_product(const Value& value) const {
    const Node* maker = value.producer;
    if (!maker || !is_op(*maker, OpId::cast) || !is_half(value.type.dtype)) return false;
    const Value& exact = *maker->inputs[0];
    return exact.producer && !is_tile(*exact.producer) && !is_half(exact.type.dtype) && users(exact).size() == 1 &&
           !exact.producer->op->traits.is_view;
  }

  // Rather a copy of twice the size than a value.
  static bool is_widened(const Value& value) {
    return value.producer && is_op(*value.producer, OpId::cast) && is_half(value.producer->inputs[0]->type.dtype);
  }

  // Whether work that is not elementwise lies between the first reader of the value and this one, or between a conversion
  // from 16 bits and this one.
  bool is_late(const Value& value, const Node& reader) const {
    const auto& all = users(value);
    if (all.empty()) return false;
    const Node* first = all.front();
    for (const Node* user : all) {
      if (position_.at(user) < position_.at(first)) first = user;
    }
    if (is_widened(value)) first = value.producer;
    const int between = separators_before_.at(&reader) - separators_before_.at(first);
    return between > (separates(*first) ? 1 : 0);
  }

  // The values that elementwise work makes at once of this one and others read late.
  void collect_kept_followers(const Value& value, std::unordered_set<const Value*>* kept) const {
    for (const Node* user : users(value)) {
      const Value& made = *user->outputs[0];
      if (!is_tile(*user) || made.type.elements() != value.type.elements() || is_late(value, *user)) continue;
      const auto& readers = users(made);
      const bool late = std::any_of(readers.begin(), readers.end(), [&](const Node* reader) { return is_late(made, *reader); });
      if (late) kept->insert(&made);
      collect_kept_followers(made, kept);
    }
  }

  // Whether the value lies in memory whatever is fused: it is an input; or no elementwise work makes it, and it is read
  // late by others than the elementwise work that is to be repeated, or takes less memory than all that would be kept
  // instead.
  bool is_stored(const Value& value) const {
    if (!value.producer) return true;
    const auto& all = users(value);
    if (all.size() == 1 && is_rounded_product(*all[0]->outputs[0])) return false;
    if (is_tile(*value.producer) && !is_rounded_product(value)) return false;
    if (std::any_of(all.begin(), all.end(), [&](const Node* user) { return is_late(value, *user); })) return true;
    std::unordered_set<const Value*> kept;
    collect_kept_followers(value, &kept);
    return kept.size() > 1;
  }

  // Whether the value is kept although elementwise work makes it, for a late reader that is no such work.
  bool is_kept(const Value& value) {
    if (!value.producer || !is_tile(*value.producer) || repays(value)) return false;
    const auto& all = users(value);
    return std::any_of(all.begin(), all.end(), [&](const Node* user) { return is_late(value, *user) && !is_tile(*user); });
  }

  bool streams(const Value& value, const Node& user) const {
    if (is_tile(user)) return true;
    const auto roles = chain_roles(user);
    if (!roles) return false;
    if (user.op->traits.is_view) {
      const auto& next = users(*user.outputs[0]);
      return std::all_of(next.begin(), next.end(), [&](const Node* reader) { return streams(*user.outputs[0], *reader); });
    }
    for (size_t i = 0; i < user.inputs.size(); ++i) {
      if (user.inputs[i].get() == &value && roles->inputs[i] != InputRole::cut) return false;
    }
    return true;
  }

  // The ops behind the value, down to values in memory; false when it does not follow from one large value.
  bool collect(const Value& value, int64_t elements, std::unordered_set<const Node*>* ops, const Value** root) {
    const Node* maker = value.producer;
    if (value.type.elements() <= elements / broadcast_ratio) return true;
    if (value.type.elements() != elements) return false;
    const bool stored = !ops->empty() && (is_stored(value) || is_kept(value));
    if (!stored && maker && is_tile(*maker) && !is_op(*maker, OpId::random_uniform) && !is_op(*maker, OpId::iota)) {
      if (ops->count(maker)) return true;
      ops->insert(maker);
      if (ops->size() > most_ops) return false;
      return std::all_of(maker->inputs.begin(), maker->inputs.end(),
                         [&](const ValuePointer& input) { return collect(*input, elements, ops, root); });
    }
    if (!stored || (*root && *root != &value)) return false;
    *root = &value;
    return true;
  }

  // Whether it makes something late of one large value that is kept till then: such as the mask of an activation, which
  // would otherwise be made and stored together with the value.
  bool follows_late(const Node& node) {
    const Value* large = nullptr;
    for (const auto& input : node.inputs) {
      if (input->type.elements() <= node.outputs[0]->type.elements() / broadcast_ratio) continue;
      if (large && large != input.get()) return false;
      large = input.get();
    }
    return large && large->type.elements() >= large_elements && is_late(*large, node) && is_kept(*large);
  }

  bool repays(const Value& value) {
    const auto known = repays_.find(&value);
    if (known != repays_.end()) return known->second;
    bool result = value.producer && is_tile(*value.producer) && value.type.elements() >= large_elements &&
                  !kept_.count(&value) && !is_rounded_product(value);
    if (result) {
      const auto& all = users(value);
      const auto written_again = std::count_if(all.begin(), all.end(), [&](const Node* user) {
        return is_late(value, *user) && !streams(value, *user);
      });
      result = written_again <= 1;
    }
    std::unordered_set<const Node*> ops;
    const Value* root = nullptr;
    if (result && !(collect(value, value.type.elements(), &ops, &root) && root)) {
      // Its 16 bits are kept instead. What runs with their maker may have read the value before it was rounded, so nobody
      // may ask whether it is equal to something.
      const auto& all = users(value);
      result = is_widened(value) && !is_stored(*value.producer->inputs[0]) &&
               std::all_of(all.begin(), all.end(), [](const Node* user) { return is_linear(*user); });
      if (result) narrow_.insert(value.producer->inputs[0].get());
    }
    return repays_[&value] = result;
  }

  ValuePointer copy(const ValuePointer& value, std::unordered_map<const Value*, ValuePointer>& copies) {
    const auto known = copies.find(value.get());
    if (known != copies.end()) return known->second;
    const Node& source = *value->producer;
    std::vector<ValuePointer> inputs;
    for (const auto& input : source.inputs) {
      const bool computed = input->producer && is_tile(*input->producer) && input->type.elements() == value->type.elements();
      const bool there = !computed || is_stored(*input) || is_kept(*input) || narrow_.count(input.get());
      inputs.push_back(there ? input : copy(input, copies));
    }
    Node* made = graph_.add_node(*source.op, source.attributes, inputs, {source.outputs[0]->type}, source.scope);
    made->again = true;
    return copies[value.get()] = made->outputs[0];
  }

  Graph& graph_;
  const std::unordered_map<const Value*, std::vector<Node*>> users_;
  std::unordered_map<const Node*, int> position_, separators_before_;
  std::unordered_set<const Value*> kept_;
  std::unordered_map<const Value*, bool> repays_;
  std::unordered_set<const Value*> narrow_;
};

}  // namespace

void recompute(Graph& graph) { Recomputation(graph).run(); }

}  // namespace gradmill
