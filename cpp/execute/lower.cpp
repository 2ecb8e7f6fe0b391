// From an ordered graph to steps: kernels, places, and the barriers between them.
#include <algorithm>
#include <unordered_set>

#include "base/check.h"
#include "execute/costs.h"
#include "execute/plan.h"
#include "passes/pipeline.h"
#include "runtime/scratch.h"

namespace gradmill {
namespace {

// Handing work to another worker and back costs about as much as this many operations.
constexpr double operations_worth_sharing = 3000;
// From here on it pays to let workers take units as they come: some may be slower than others, or interrupted.
constexpr double operations_worth_handing_out = 2e6;
// Starting a kernel costs about as much as this many operations.
constexpr double operations_of_a_call = 400;
// Workers among which steps too small to share are dealt out.
constexpr int owners = 2;
constexpr int everybody = -1;

std::vector<TensorType> types_of(const std::vector<ValuePointer>& values) {
  std::vector<TensorType> types;
  for (const auto& value : values) types.push_back(value->type);
  return types;
}

// A stretch of memory that a step touches.
struct Touch {
  Place place;
  int index;
  size_t begin, end;
  bool write;
  int worker;  // or everybody
};

bool overlap(const Touch& a, const Touch& b) {
  return a.place == b.place && a.index == b.index && a.begin < b.end && b.begin < a.end;
}

// Two steps that one worker runs by itself happen one after the other anyway.
bool conflict(const Touch& a, const Touch& b) {
  return (a.write || b.write) && !(a.worker == b.worker && a.worker != everybody) && overlap(a, b);
}

bool conflict(const std::vector<Touch>& some, const std::vector<Touch>& others) {
  for (const Touch& a : some) {
    for (const Touch& b : others) {
      if (conflict(a, b)) return true;
    }
  }
  return false;
}

std::vector<Touch> touches_of(const Step& step, const MemoryPlan& memory) {
  std::vector<Touch> touches;
  const auto touch = [&](const ValuePointer& value, bool write) {
    const Location& at = memory.locations.at(value.get());
    if (at.place == Place::constant || at.place == Place::input) return;
    touches.push_back({at.place, at.index, at.offset, at.offset + value->type.bytes(), write, everybody});
  };
  for (const auto& input : step.inputs) touch(input, false);
  for (const auto& output : step.outputs) touch(output, true);
  const size_t scratch = step.kernel->plan.shared_scratch_bytes;
  if (scratch) touches.push_back({Place::arena, 0, step.scratch_offset, step.scratch_offset + scratch, true, everybody});
  return touches;
}

// The nodes that each step runs: one, or the members of a chain.
std::vector<std::vector<const Node*>> nodes_of_steps(Graph& graph) {
  std::vector<std::vector<const Node*>> result;
  for (size_t i = 0; i < graph.nodes.size();) {
    size_t end = i + 1;
    const int chain = graph.nodes[i]->chain;
    while (chain >= 0 && end < graph.nodes.size() && graph.nodes[end]->chain == chain) ++end;
    const auto works = [](const std::unique_ptr<Node>& node) { return !node->op->traits.is_view; };
    const auto first = graph.nodes.begin() + static_cast<long>(i), last = graph.nodes.begin() + static_cast<long>(end);
    const bool together = std::count_if(first, last, works) > 1;
    for (auto node = first; node != last; ++node) {
      if (!together) (*node)->chain = -1;  // the others became part of this one
      if (!together || node == first) result.emplace_back();
      result.back().push_back(node->get());
    }
    i = end;
  }
  return result;
}

}  // namespace

Plan::Plan(std::unique_ptr<Graph> graph, PassSet passes) : graph_(std::move(graph)) {
  const auto live = live_nodes(*graph_);
  for (const auto& node : graph_->nodes) {
    if (live.count(node.get())) direct_multiply_adds_ += direct_multiply_adds(*node);
  }
  run_pipeline(*graph_, passes);
  lower();
  find_barriers();
}

void Plan::lower() {
  // Scratch depends on the problem alone, so kernels are prepared once for its size, and tile programs again when it is
  // known which buffers are shared.
  const auto groups = nodes_of_steps(*graph_);
  const auto users = users_of_values(*graph_);
  std::vector<size_t> scratch_bytes, scratch_offsets;
  std::unordered_set<const Value*> inside;
  std::vector<std::unique_ptr<PreparedKernel>> prepared;
  for (const auto& nodes : groups) {
    const Node& node = *nodes[0];
    if (nodes.size() > 1) {
      const Chain chain(nodes, users, nullptr);
      inside.insert(chain.inside().begin(), chain.inside().end());
      prepared.push_back(chain.kernel());
    } else {
      prepared.push_back(prepare_kernel(*node.op, node.attributes, types_of(node.inputs), types_of(node.outputs)));
    }
    scratch_bytes.push_back(prepared.back()->plan.shared_scratch_bytes);
    scratch_bytes.resize(scratch_bytes.size() + nodes.size() - 1, 0);
  }
  memory_ = plan_memory(*graph_, inside, scratch_bytes, &scratch_offsets);
  size_t position = 0;
  for (size_t i = 0; i < groups.size(); position += groups[i++].size()) {
    const Node& node = *groups[i][0];
    if (prepared[i]->empty()) continue;
    Step step;
    step.nodes = groups[i];
    step.kernel = std::move(prepared[i]);
    step.inputs = node.inputs;
    step.outputs = node.outputs;
    if (groups[i].size() > 1) {
      step.chain = std::make_unique<Chain>(groups[i], users, &memory_);
      step.kernel = step.chain->kernel();
      step.inputs = step.chain->inputs();
      step.outputs = step.chain->outputs();
    } else if (step.kernel->program) {
      const std::vector<int> shared = shared_memory(node, memory_);
      step.kernel = prepare_kernel(*node.op, node.attributes, types_of(node.inputs), types_of(node.outputs), &shared);
    }
    step.first_buffer = static_cast<int>(table_places_.size());
    step.scratch_offset = scratch_offsets[position];
    const KernelPlan& plan = step.kernel->plan;
    int64_t most_units = 0;
    for (int phase = 0; phase < plan.phases; ++phase) most_units = std::max(most_units, plan.units[phase]);
    step.handed_out = plan.operations >= operations_worth_handing_out;
    step.alone = most_units <= 1 || plan.operations < operations_worth_sharing;
    for (const auto& input : step.inputs) table_places_.push_back(memory_.locations.at(input.get()));
    for (const auto& output : step.outputs) table_places_.push_back(memory_.locations.at(output.get()));
    worker_scratch_bytes_ = std::max(worker_scratch_bytes_, round_up_to_line(plan.worker_scratch_bytes));
    operations_ += plan.operations;
    steps_.push_back(std::move(step));
  }
  tickets_ = std::make_unique<Ticket[]>(steps_.size() * kernel_max_phases);
}

// A step that one worker runs goes to the one with the least to do of those that need not wait for another.
void Plan::find_barriers() {
  std::vector<Touch> pending;  // since the last barrier
  double load[owners] = {};
  for (Step& step : steps_) {
    std::vector<Touch> touches = touches_of(step, memory_);
    const auto needs_barrier = [&](int worker) {
      for (Touch& touch : touches) touch.worker = worker;
      return conflict(touches, pending);
    };
    if (step.alone) {
      int best = everybody;
      for (int owner = 0; owner < owners; ++owner) {
        if (!needs_barrier(owner) && (best == everybody || load[owner] < load[best])) best = owner;
      }
      step.barrier_before = best == everybody;
      step.owner = std::max(best, 0);
    } else {
      step.barrier_before = needs_barrier(everybody);
    }
    if (step.barrier_before) {
      pending.clear();
      std::fill(load, load + owners, 0.0);
    }
    for (Touch& touch : touches) touch.worker = step.alone ? step.owner : everybody;
    pending.insert(pending.end(), touches.begin(), touches.end());
    if (step.alone) load[step.owner] += step.kernel->plan.operations + operations_of_a_call;
  }
}

int Plan::barriers() const {
  return static_cast<int>(std::count_if(steps_.begin(), steps_.end(), [](const Step& step) { return step.barrier_before; }));
}

}  // namespace gradmill
