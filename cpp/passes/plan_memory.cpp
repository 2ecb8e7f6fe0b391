// Lifetimes are intervals of steps. Buffers are placed in order of size, each at the lowest offset that is free for its
// whole lifetime (best fit by decreasing size), which stays close to the lower bound for training graphs.
#include "passes/plan_memory.h"

#include <algorithm>
#include <unordered_set>

#include "base/check.h"
#include "base/log.h"
#include "math/tile_builder.h"
#include "ops/prepare.h"
#include "passes/nodes.h"
#include "registry/registry.h"

namespace gradmill {
namespace {

constexpr size_t alignment = 64;

struct Interval {
  int first, last;  // steps, both included
  size_t bytes;
  size_t offset = 0;
  const Value* value = nullptr;
  int scratch_of = -1;
};

// Whether output `o` of the node may overwrite input `i` in place: element by element, each read before it is written.
bool may_overwrite(const Node& node, size_t i, size_t o) {
  const Value &input = *node.inputs[i], &output = *node.outputs[o];
  if (input.type.shape != output.type.shape || size_of(input.type.dtype) != size_of(output.type.dtype)) return false;
  if (takes_epilogue(*node.op)) return i >= 2 && epilogue_of(*node.op, node.attributes);
  if (is_op(node, OpId::random_uniform) || is_op(node, OpId::broadcast_to)) return false;
  return is_op(node, OpId::fused_tile) || catalogue_row(node.op->id).cpu == Realization::tile;
}

bool same_memory(const Location& a, const Location& b) {
  return a.place == b.place && a.place != Place::constant && a.index == b.index && a.offset == b.offset;
}

class Planner {
 public:
  Planner(const Graph& graph, const std::unordered_set<const Value*>& inside) : graph_(graph), inside_(inside) {}

  MemoryPlan run(const std::vector<size_t>& scratch_bytes, std::vector<size_t>* scratch_offsets) {
    find_chains();
    find_roots();
    find_lifetimes();
    keep_what_is_read_at_the_end();
    place_updates();
    place_outputs();
    reuse_inputs();
    place_in_arena(scratch_bytes, scratch_offsets);
    resolve_views();
    return std::move(plan_);
  }

 private:
  const Value* root(const Value* value) const {
    const auto found = root_.find(value);
    return found == root_.end() ? value : found->second;
  }

  // The members of a chain take turns, so all of them hold what one of them needs.
  void find_chains() {
    const int steps = static_cast<int>(graph_.nodes.size());
    chain_begin_.resize(steps + 1);
    chain_end_.resize(steps + 1);
    for (int begin = 0; begin < steps;) {
      int end = begin + 1;
      const int chain = graph_.nodes[begin]->chain;
      while (chain >= 0 && end < steps && graph_.nodes[end]->chain == chain) ++end;
      for (int step = begin; step < end; ++step) {
        chain_begin_[step] = begin;
        chain_end_[step] = end - 1;
      }
      begin = end;
    }
    chain_begin_[steps] = chain_end_[steps] = steps;
  }

  void find_roots() {
    for (const auto& node : graph_.nodes) {
      if (node->op->traits.is_view) root_[node->outputs[0].get()] = root(node->inputs[0].get());
    }
  }

  void find_lifetimes() {
    const int steps = static_cast<int>(graph_.nodes.size());
    for (int step = 0; step < steps; ++step) {
      for (const auto& input : graph_.nodes[step]->inputs) last_use_[root(input.get())] = step;
      for (const auto& output : graph_.nodes[step]->outputs) {
        if (root(output.get()) != output.get() || inside_.count(output.get())) continue;
        made_at_[output.get()] = step;
        last_use_.emplace(output.get(), step);
      }
    }
  }

  // Outputs and new states that are not made by a node (a state itself, an input, a view of one) are copied after the last
  // step, so the memory they come from must not change before.
  void keep_what_is_read_at_the_end() {
    for (const auto& update : graph_.updates) {
      if (!made_at_.count(root(update.value.get()))) keep_until_end(update.value.get());
    }
    for (const auto& output : graph_.outputs) {
      if (!made_at_.count(root(output.get()))) keep_until_end(output.get());
    }
  }

  // A state may be overwritten by its new value if nobody reads the old one afterwards.
  void place_updates() {
    for (const auto& update : graph_.updates) {
      const Value* value = update.value.get();
      const Value* state = graph_.states[update.state].get();
      const auto made = made_at_.find(value);
      const auto used = last_use_.find(state);
      const int last_read = used == last_use_.end() ? -1 : used->second;
      bool in_place = made != made_at_.end() && !plan_.locations.count(value) && last_read <= made->second;
      if (in_place && last_read == made->second) in_place = reads_in_place(*graph_.nodes[last_read], value, state);
      if (in_place) {
        plan_.locations[value] = {Place::state, update.state, 0, value};
      } else {
        late_updates_.push_back(&update);
      }
    }
    for (const StateUpdate* update : late_updates_) {
      keep_until_end(update->value.get());
      plan_.final_copies.push_back({update->value.get(), Place::state, update->state});
    }
  }

  bool reads_in_place(const Node& node, const Value* output, const Value* state) const {
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      if (node.outputs[o].get() != output) continue;
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (root(node.inputs[i].get()) == state && !may_overwrite(node, i, o)) return false;
      }
    }
    return true;
  }

  void keep_until_end(const Value* value) { last_use_[root(value)] = static_cast<int>(graph_.nodes.size()); }

  void place_outputs() {
    for (size_t i = 0; i < graph_.outputs.size(); ++i) {
      const Value* value = graph_.outputs[i].get();
      const Value* owner = root(value);
      if (made_at_.count(owner) && !plan_.locations.count(owner)) {
        plan_.locations[owner] = {Place::output, static_cast<int>(i), 0, owner};
      } else {
        keep_until_end(value);
        plan_.final_copies.push_back({value, Place::output, static_cast<int>(i)});
      }
    }
  }

  // Chains of values that take over each other's arena memory are one interval.
  void reuse_inputs() {
    for (size_t step = 0; step < graph_.nodes.size(); ++step) {
      const Node& node = *graph_.nodes[step];
      std::unordered_set<const Value*> taken;
      for (size_t o = 0; o < node.outputs.size(); ++o) {
        const Value* output = node.outputs[o].get();
        if (!made_at_.count(output) || plan_.locations.count(output)) continue;
        for (size_t i = 0; i < node.inputs.size(); ++i) {
          const Value* input = root(node.inputs[i].get());
          if (!made_at_.count(input) || plan_.locations.count(input) || taken.count(input)) continue;
          if (last_use_.at(input) != static_cast<int>(step) || !may_overwrite(node, i, o)) continue;
          if (appears_twice(node, input)) continue;
          taken.insert(input);
          successor_of_[output] = holder(input);
          ++plan_.in_place;
          break;
        }
      }
    }
  }

  bool appears_twice(const Node& node, const Value* value) const {
    int count = 0;
    for (const auto& input : node.inputs) count += root(input.get()) == value;
    return count > 1;
  }

  const Value* holder(const Value* value) const {
    const auto found = successor_of_.find(value);
    return found == successor_of_.end() ? value : found->second;
  }

  void place_in_arena(const std::vector<size_t>& scratch_bytes, std::vector<size_t>* scratch_offsets) {
    std::unordered_map<const Value*, Interval> intervals;
    std::vector<Interval> all;
    for (const auto& node : graph_.nodes) {
      for (const auto& output : node->outputs) {
        const Value* value = output.get();
        if (!made_at_.count(value) || plan_.locations.count(value)) continue;
        auto& interval = intervals[holder(value)];
        if (!interval.value) interval = {chain_begin_[made_at_.at(value)], 0, 0, 0, holder(value), -1};
        interval.last = std::max(interval.last, chain_end_[last_use_.at(value)]);
        interval.bytes = std::max(interval.bytes, (value->type.bytes() + alignment - 1) / alignment * alignment);
      }
    }
    for (auto& [value, interval] : intervals) all.push_back(interval);
    for (size_t i = 0; i < scratch_bytes.size(); ++i) {
      const int step = static_cast<int>(i);
      const size_t bytes = (scratch_bytes[i] + alignment - 1) / alignment * alignment;
      if (bytes) all.push_back({step, chain_end_[step], bytes, 0, nullptr, step});
    }
    std::sort(all.begin(), all.end(), [](const Interval& a, const Interval& b) {
      if (a.bytes != b.bytes) return a.bytes > b.bytes;
      if (a.first != b.first) return a.first < b.first;
      return (a.value ? a.value->id : 0) < (b.value ? b.value->id : 0);
    });
    std::vector<const Interval*> placed;
    for (auto& interval : all) {
      std::vector<const Interval*> rivals;
      for (const Interval* other : placed) {
        if (other->first <= interval.last && interval.first <= other->last) rivals.push_back(other);
      }
      std::sort(rivals.begin(), rivals.end(), [](auto* a, auto* b) { return a->offset < b->offset; });
      size_t offset = 0;
      for (const Interval* rival : rivals) {
        if (offset + interval.bytes <= rival->offset) break;
        offset = std::max(offset, rival->offset + rival->bytes);
      }
      interval.offset = offset;
      placed.push_back(&interval);
      plan_.arena_bytes = std::max(plan_.arena_bytes, offset + interval.bytes);
    }
    std::unordered_map<const Value*, size_t> offsets;
    scratch_offsets->assign(scratch_bytes.size(), 0);
    for (const auto& interval : all) {
      if (interval.value) offsets[interval.value] = interval.offset;
      else (*scratch_offsets)[interval.scratch_of] = interval.offset;
    }
    for (const auto& [value, step] : made_at_) {
      if (!plan_.locations.count(value)) plan_.locations[value] = {Place::arena, 0, offsets.at(holder(value)), value};
    }
  }

  void resolve_views() {
    for (const auto& input : graph_.inputs) plan_.locations[input.get()] = {Place::input, input->index, 0, input.get()};
    for (const auto& state : graph_.states) plan_.locations[state.get()] = {Place::state, state->index, 0, state.get()};
    const auto constant = [&](const ValuePointer& value) {
      if (value->kind == ValueKind::constant) plan_.locations[value.get()] = {Place::constant, 0, 0, value.get()};
    };
    for (const auto& node : graph_.nodes) {
      for (const auto& input : node->inputs) constant(input);
    }
    for (const auto& output : graph_.outputs) constant(output);
    for (const auto& update : graph_.updates) constant(update.value);
    for (const auto& [view, owner] : root_) {
      if (!inside_.count(owner)) plan_.locations[view] = plan_.locations.at(owner);
    }
  }

  const Graph& graph_;
  const std::unordered_set<const Value*>& inside_;
  std::vector<int> chain_begin_, chain_end_;  // of each step: where its chain begins and ends, or the step itself
  MemoryPlan plan_;
  std::unordered_map<const Value*, const Value*> root_;
  std::unordered_map<const Value*, int> made_at_, last_use_;
  std::unordered_map<const Value*, const Value*> successor_of_;
  std::vector<const StateUpdate*> late_updates_;
};

}  // namespace

std::vector<int> shared_memory(const Node& node, const MemoryPlan& memory) {
  std::vector<int> result(node.outputs.size(), TileBuilder::no_input);
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    const auto target = memory.locations.find(node.outputs[o].get());
    if (target == memory.locations.end()) continue;  // inside a chain
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const auto source = memory.locations.find(node.inputs[i].get());
      if (source == memory.locations.end()) continue;
      if (same_memory(source->second, target->second)) {
        result[o] = static_cast<int>(i);
      }
    }
  }
  return result;
}

MemoryPlan plan_memory(const Graph& graph, const std::unordered_set<const Value*>& inside,
                       const std::vector<size_t>& scratch_bytes, std::vector<size_t>* scratch_offsets) {
  MemoryPlan plan = Planner(graph, inside).run(scratch_bytes, scratch_offsets);
  GM_LOG("memory", "arena of ", plan.arena_bytes, " bytes, ", plan.in_place, " values in place, ",
         plan.final_copies.size(), " copies at the end");
  return plan;
}

}  // namespace gradmill
