// What a plan tells: describe() (what runs, where, and with how much memory) and costs().
#include <algorithm>
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

void list(std::ostream& out, const std::vector<ValuePointer>& values, const MemoryPlan& memory) {
  for (size_t k = 0; k < values.size(); ++k) {
    out << (k ? ", " : "") << values[k]->type << " " << place_of(memory.locations.at(values[k].get()));
  }
}

}  // namespace

size_t Plan::batch_bytes() const { return batches_held * bytes_of(graph_->inputs); }

size_t Plan::planned_bytes() const {
  return shared_bytes(useful_workers()) + bytes_of(graph_->states) + batch_bytes() + bytes_of(graph_->outputs);
}

size_t Plan::missing_bytes() const {
  return missing_arena_bytes(shared_bytes(useful_workers())) + batch_bytes() + bytes_of(graph_->outputs);
}

TileGroupPointer group_of(const Node& node) {
  const bool fused = node.op->id == static_cast<int>(OpId::fused_tile) || takes_epilogue(*node.op);
  return fused ? tile_group_of(*node.op, node.attributes, {}, {}) : nullptr;
}

std::string Plan::describe() const {
  std::ostringstream out;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    out << std::setw(4) << i << (step.barrier_before ? " | " : "   ");
    if (step.chain) out << "chain [" << step.chain->describe() << "; ";
    for (size_t k = 0; k < step.nodes.size(); ++k) {
      const Node& node = *step.nodes[k];
      if (node.op->traits.is_view) continue;
      out << (k && step.chain ? " > " : "") << node.op->name();
      const TileGroupPointer group = group_of(node);
      if (!step.chain) out << " [" << step.kernel->name;
      if (group) out << (step.chain ? " (" : ": ") << to_string(*group) << (step.chain ? ")" : "");
    }
    out << "] (";
    list(out, step.inputs, memory_);
    out << ") -> ";
    list(out, step.outputs, memory_);
    out << "; units " << step.kernel->plan.units[0] << (step.alone ? text(" alone on worker ", step.owner) : "");
    if (!step.nodes[0]->scope.empty()) out << "  # " << step.nodes[0]->scope;
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

std::vector<Plan::Costs> Plan::costs() const {
  std::vector<Costs> result;
  const auto add = [&](size_t step, const Node& node, const std::string& kernel, size_t bytes) {
    result.push_back({static_cast<int>(step), node.op->name(), layer_of_scope(node.scope), role_in_layer(node), kernel,
                      direct_multiply_adds(node), kernel_multiply_adds(node, kernel), static_cast<double>(bytes)});
  };
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (!step.chain) {
      add(i, *step.nodes[0], step.kernel->name, bytes_of(step.inputs) + bytes_of(step.outputs));
      continue;
    }
    for (const Chain::Part& part : step.chain->parts()) add(i, *part.node, part.kernel, part.bytes);
  }
  return result;
}

std::vector<Plan::Buffer> Plan::buffers() const {
  std::vector<Buffer> result;
  std::unordered_map<const Value*, size_t> number;  // of the buffer that holds a value, by the value that the memory is of
  const int end = static_cast<int>(steps_.size()) - 1;
  const auto read = [&](const Value* value, int step) {
    const auto found = number.find(memory_.locations.at(value).root);
    if (found != number.end()) result[found->second].last = std::max(result[found->second].last, step);
  };
  for (int i = 0; i <= end; ++i) {
    const Step& step = steps_[static_cast<size_t>(i)];
    const Node& first = *step.nodes[0];
    if (const size_t scratch = step.kernel->plan.shared_scratch_bytes) {
      result.push_back({"scratch", layer_of_scope(first.scope), step.scratch_offset, scratch, i, i});
    }
    for (const auto& input : step.inputs) read(input.get(), i);
    for (const Node* node : step.nodes) {
      for (const auto& output : node->outputs) {
        const auto location = memory_.locations.find(output.get());
        if (location == memory_.locations.end() || location->second.place != Place::arena) continue;
        const Value* root = location->second.root;
        if (!number.emplace(root, result.size()).second) continue;
        result.push_back({node->op->name(), layer_of_scope(node->scope), location->second.offset, root->type.bytes(), i, i});
      }
    }
  }
  for (const auto& copy : memory_.final_copies) read(copy.from, end);
  for (Buffer& buffer : result) {
    for (const Buffer& next : result) {
      const bool meet = buffer.offset < next.offset + next.bytes && next.offset < buffer.offset + buffer.bytes;
      if (meet && next.first == buffer.last && next.first > buffer.first) buffer.last = next.first - 1;
    }
  }
  return result;
}

}  // namespace gradmill
