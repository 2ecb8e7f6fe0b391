// What a plan tells: describe() (what runs, where, and with how much memory) and costs().
#include <iomanip>

#include "execute/costs.h"
#include "execute/plan.h"
#include "registry/emitter.h"

namespace gradmill {
namespace {

std::string place_of(const Location& location) {
  switch (location.place) {
    case Place::arena: return text("arena+", location.offset);
    case Place::input: return text("input ", location.index);
    case Place::state: return text("state ", location.index);
    case Place::output: return text("output ", location.index);
    case Place::constant: return "constant";
  }
  return "";
}

std::string megabytes(size_t bytes) {
  std::ostringstream stream;
  stream << std::fixed << std::setprecision(2) << static_cast<double>(bytes) / 1e6 << " MB";
  return stream.str();
}

size_t bytes_of(const std::vector<ValuePointer>& values) {
  size_t total = 0;
  for (const auto& value : values) total += value->type.bytes();
  return total;
}

}  // namespace

size_t Plan::planned_bytes() const {
  return memory_.arena_bytes + worker_scratch_bytes_ * static_cast<size_t>(useful_workers()) + bytes_of(graph_->states) +
         bytes_of(graph_->inputs) + bytes_of(graph_->outputs);
}

TileGroupPointer group_of(const Node& node) {
  const bool fused = node.op->id == static_cast<int>(OpId::fused_tile) || takes_epilogue(*node.op);
  return fused ? tile_group_of(*node.op, node.attributes, {}, {}) : nullptr;
}

std::string Plan::describe() const {
  std::ostringstream out;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const Node& node = *step.node;
    out << std::setw(4) << i << (step.barrier_before ? " | " : "   ") << node.op->name() << " [" << step.kernel->name;
    const TileGroupPointer group = group_of(node);
    if (group) out << ": " << to_string(*group);
    out << "] ";
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      out << (k ? ", " : "(") << node.inputs[k]->type << " " << place_of(memory_.locations.at(node.inputs[k].get()));
    }
    out << (node.inputs.empty() ? "(" : "") << ") -> ";
    for (size_t k = 0; k < node.outputs.size(); ++k) {
      out << (k ? ", " : "") << node.outputs[k]->type << " " << place_of(memory_.locations.at(node.outputs[k].get()));
    }
    out << "; units " << step.kernel->plan.units[0] << (step.alone ? text(" alone on worker ", step.owner) : "");
    if (!node.scope.empty()) out << "  # " << node.scope;
    out << "\n";
  }
  for (const auto& copy : memory_.final_copies) {
    out << "     copy " << copy.from->type << " " << place_of(memory_.locations.at(copy.from)) << " -> "
        << (copy.to == Place::state ? "state " : "output ") << copy.index << "\n";
  }
  out << steps_.size() << " kernel calls, " << barriers() << " barriers, arena " << megabytes(memory_.arena_bytes)
      << ", scratch " << megabytes(worker_scratch_bytes_) << " a worker, states " << megabytes(bytes_of(graph_->states))
      << ", in all " << megabytes(planned_bytes()) << "; | marks a step that waits for all workers\n";
  return out.str();
}

std::vector<Plan::StepCosts> Plan::costs() const {
  std::vector<StepCosts> result;
  for (const Step& step : steps_) {
    const Node& node = *step.node;
    const std::string kernel = step.kernel->name;
    result.push_back({node.op->name(), layer_of_scope(node.scope), role_in_layer(node), kernel, direct_multiply_adds(node),
                      kernel_multiply_adds(node, kernel), moved_bytes(node)});
  }
  return result;
}

}  // namespace gradmill
