// From an ordered graph to steps: kernels, places, and the barriers between them.
#include <algorithm>

#include "base/check.h"
#include "execute/plan.h"
#include "math/tile_builder.h"
#include "passes/pipeline.h"
#include "runtime/scratch.h"

namespace gradmill {
namespace {

// Handing work to another worker and back costs about as much as this many operations.
constexpr double operations_worth_sharing = 3000;
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

std::vector<int> shared_memory(const Node& node, const MemoryPlan& memory) {
  std::vector<int> result(node.outputs.size(), TileBuilder::no_input);
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    const Location& target = memory.locations.at(node.outputs[o].get());
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const Location& source = memory.locations.at(node.inputs[i].get());
      if (source.place == target.place && source.place != Place::constant && source.index == target.index &&
          source.offset == target.offset) {
        result[o] = static_cast<int>(i);
      }
    }
  }
  return result;
}

std::vector<Touch> touches_of(const Step& step, const MemoryPlan& memory) {
  std::vector<Touch> touches;
  const auto touch = [&](const ValuePointer& value, bool write) {
    const Location& at = memory.locations.at(value.get());
    if (at.place == Place::constant || at.place == Place::input) return;
    touches.push_back({at.place, at.index, at.offset, at.offset + value->type.bytes(), write, everybody});
  };
  for (const auto& input : step.node->inputs) touch(input, false);
  for (const auto& output : step.node->outputs) touch(output, true);
  const size_t scratch = step.kernel->plan.shared_scratch_bytes;
  if (scratch) touches.push_back({Place::arena, 0, step.scratch_offset, step.scratch_offset + scratch, true, everybody});
  return touches;
}

}  // namespace

Plan::Plan(std::unique_ptr<Graph> graph) : graph_(std::move(graph)) {
  run_pipeline(*graph_);
  lower();
  find_barriers();
}

void Plan::lower() {
  // Scratch depends on the problem alone, so kernels are prepared once for its size, and tile programs again when it is
  // known which buffers are shared.
  std::vector<size_t> scratch_bytes, scratch_offsets;
  std::vector<std::unique_ptr<PreparedKernel>> prepared;
  for (const auto& node : graph_->nodes) {
    prepared.push_back(prepare_kernel(*node->op, node->attributes, types_of(node->inputs), types_of(node->outputs)));
    scratch_bytes.push_back(prepared.back()->plan.shared_scratch_bytes);
  }
  memory_ = plan_memory(*graph_, scratch_bytes, &scratch_offsets);
  for (size_t i = 0; i < graph_->nodes.size(); ++i) {
    const Node& node = *graph_->nodes[i];
    if (prepared[i]->empty()) continue;
    Step step;
    step.node = &node;
    step.kernel = std::move(prepared[i]);
    if (step.kernel->program) {
      const std::vector<int> shared = shared_memory(node, memory_);
      step.kernel = prepare_kernel(*node.op, node.attributes, types_of(node.inputs), types_of(node.outputs), &shared);
    }
    step.first_buffer = static_cast<int>(table_places_.size());
    step.scratch_offset = scratch_offsets[i];
    const KernelPlan& plan = step.kernel->plan;
    int64_t most_units = 0;
    for (int phase = 0; phase < plan.phases; ++phase) most_units = std::max(most_units, plan.units[phase]);
    step.alone = most_units <= 1 || plan.operations < operations_worth_sharing;
    for (const auto& input : node.inputs) table_places_.push_back(memory_.locations.at(input.get()));
    for (const auto& output : node.outputs) table_places_.push_back(memory_.locations.at(output.get()));
    worker_scratch_bytes_ = std::max(worker_scratch_bytes_, round_up_to_line(plan.worker_scratch_bytes));
    operations_ += plan.operations;
    steps_.push_back(std::move(step));
  }
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
