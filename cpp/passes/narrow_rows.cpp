// Rows that nobody reads are not computed. A classifier of sequences reads the first position of the last layer alone: the
// queries, the dense layers and the normalizations of that layer are then needed for this position only, and what comes back
// to all others is zero. So a slice of a few rows is moved before the work whose rows do not depend on each other, and the
// zeros around its gradient behind the work that keeps them, down to sums over rows, to which they add nothing.
#include <algorithm>
#include <map>
#include <tuple>

#include "passes/nodes.h"
#include "passes/pipeline.h"
#include "passes/row_roles.h"

namespace gradmill {
namespace {

// At least so many rows for each one that is taken: else what is saved may be less than what the copies cost.
constexpr int64_t smallest_ratio = 4;

std::optional<Rows> if_few(const std::optional<Rows>& rows) {
  return rows && rows->count * smallest_ratio <= rows->size ? rows : std::nullopt;
}

class RowNarrowing {
 public:
  explicit RowNarrowing(Graph& graph) : graph_(graph) {
    for (const auto& output : graph.outputs) demands_[output.get()].all = true;
    for (const auto& update : graph.updates) demands_[update.value.get()].all = true;
  }

  void run() {
    for (const auto& node : graph_.nodes) find_zeros(*node);
    for (size_t i = graph_.nodes.size(); i-- > 0;) find_demands(*graph_.nodes[i]);
    if (narrowed_.empty()) return;
    std::vector<std::unique_ptr<Node>> old_nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    for (auto& node : old_nodes) {
      rewrite(*node);
      graph_.nodes.push_back(std::move(node));
    }
    replace_uses(graph_, replacements_);
    remove_dead(graph_);
  }

 private:
  struct Narrowed {
    Rows rows;
    RowRoles roles;
  };
  // What is read of a value: nothing, some rows, or all.
  struct Demand {
    bool all = false;
    std::optional<Rows> rows;

    void add(const std::optional<Rows>& read) {
      all = all || !read || (rows && !(*rows == *read));
      if (read) rows = read;
    }
  };

  void find_zeros(const Node& node) {
    if (is_op(node, OpId::slice_backward)) {
      if (const auto rows = if_few(rows_of_slice_backward(node))) zeros_.emplace(node.outputs[0].get(), *rows);
      return;
    }
    std::vector<bool> marked;
    std::optional<Rows> rows;
    for (const auto& input : node.inputs) {
      const auto found = zeros_.find(input.get());
      if (found != zeros_.end() && !rows) rows = found->second;
      marked.push_back(found != zeros_.end() && found->second == *rows);
    }
    const auto roles = rows ? roles_among_zeros(node, *rows, marked) : std::nullopt;
    if (!roles) return;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (roles->cut_outputs[i]) zeros_.emplace(node.outputs[i].get(), *rows);
    }
    narrowed_.emplace(&node, Narrowed{*rows, *roles});
  }

  // The rows to which all that is read of the node's outputs belongs.
  std::optional<Rows> rows_read(const Node& node) const {
    std::optional<Rows> rows;
    for (const auto& output : node.outputs) {
      const auto found = demands_.find(output.get());
      if (found == demands_.end()) continue;
      const Demand& demand = found->second;
      if (demand.all || (rows && !(*rows == *demand.rows))) return std::nullopt;
      rows = demand.rows;
    }
    return rows;
  }

  void find_demands(const Node& node) {
    auto narrowed = narrowed_.find(&node);
    if (narrowed == narrowed_.end()) {
      const auto rows = rows_read(node);
      const auto roles = rows ? roles_of_rows(node, *rows) : std::nullopt;
      if (roles) narrowed = narrowed_.emplace(&node, Narrowed{*rows, *roles}).first;
    }
    const auto taken = is_op(node, OpId::slice) ? if_few(rows_of_slice(node)) : std::nullopt;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      demands_[node.inputs[i].get()].add(narrowed != narrowed_.end() ? narrowed->second.roles.inputs[i] : taken);
    }
  }

  // The rows of a value, which its maker computes alone or from which they are taken.
  ValuePointer rows_of(const ValuePointer& value, const Rows& rows, const Node& reader) {
    const auto made = made_.find(value.get());
    if (made != made_.end() && made->second.first == rows) return made->second.second;
    ValuePointer& taken = taken_[{value.get(), rows.before, rows.size, rows.start, rows.step, rows.count}];
    if (!taken) taken = take_rows(graph_, value, rows, reader);
    return taken;
  }

  void rewrite(const Node& node) {
    if (is_op(node, OpId::slice_backward)) {
      const auto zeros = zeros_.find(node.outputs[0].get());
      if (zeros != zeros_.end()) made_[node.outputs[0].get()] = {zeros->second, node.inputs[0]};
      return;
    }
    if (is_op(node, OpId::slice)) {
      const auto rows = rows_of_slice(node);
      const auto made = made_.find(node.inputs[0].get());
      if (rows && made != made_.end() && made->second.first == *rows) replacements_[node.outputs[0].get()] = made->second.second;
      return;
    }
    const auto narrowed = narrowed_.find(&node);
    if (narrowed == narrowed_.end()) return;
    const auto& [rows, roles] = narrowed->second;
    std::vector<ValuePointer> inputs;
    std::vector<TensorType> types;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      inputs.push_back(roles.inputs[i] ? rows_of(node.inputs[i], *roles.inputs[i], node) : node.inputs[i]);
      types.push_back(inputs.back()->type);
    }
    const Attributes attributes = attributes_for_rows(node, rows);
    Node* made = graph_.add_node(*node.op, attributes, inputs, infer_types(*node.op, types, attributes), node.scope);
    made->again = node.again;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const Value* old = node.outputs[i].get();
      if (!roles.cut_outputs[i]) {
        replacements_[old] = made->outputs[i];
        continue;
      }
      made_[old] = {rows, made->outputs[i]};
      const auto demand = demands_.find(old);
      if (demand != demands_.end() && demand->second.all) {
        replacements_[old] = among_zeros(graph_, made->outputs[i], old->type, rows, node);
      }
    }
  }

  Graph& graph_;
  std::unordered_map<const Value*, Rows> zeros_;  // which rows of a value are not zero
  std::unordered_map<const Value*, Demand> demands_;
  std::unordered_map<const Node*, Narrowed> narrowed_;
  std::unordered_map<const Value*, std::pair<Rows, ValuePointer>> made_;
  std::map<std::tuple<const Value*, int64_t, int64_t, int64_t, int64_t, int64_t>, ValuePointer> taken_;
  Replacements replacements_;
};

}  // namespace

void narrow_rows(Graph& graph) { RowNarrowing(graph).run(); }

}  // namespace gradmill
