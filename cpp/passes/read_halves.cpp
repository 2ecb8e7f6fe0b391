// Ops that compute in float32, wrapped in casts of 16-bit values: where the kernel reads and writes 16 bits itself, the
// casts go, and with them copies of twice the size that would be kept for the gradient.
#include <algorithm>
#include <unordered_set>

#include "passes/nodes.h"
#include "passes/pipeline.h"
#include "registry/dispatch.h"
#include "registry/half_form.h"

namespace gradmill {
namespace {

// The 16-bit value behind a cast to float32, or null.
ValuePointer narrow_source(const Value& value) {
  const Node* maker = value.producer;
  if (!maker || !is_op(*maker, OpId::cast) || value.type.dtype != DType::float32) return nullptr;
  return is_half(maker->inputs[0]->type.dtype) ? maker->inputs[0] : nullptr;
}

// Whether a kernel of this processor takes the node with these sources in the place of its inputs.
bool has_kernel(const Node& node, const HalfForm& form, const std::vector<ValuePointer>& sources) {
  std::vector<BufferType> inputs, outputs;
  for (const auto& input : node.inputs) inputs.push_back(buffer_type(input->type));
  for (size_t i = 0; i < sources.size(); ++i) inputs[form.inputs[i]] = buffer_type(sources[i]->type);
  for (const auto& output : node.outputs) outputs.push_back(buffer_type(output->type));
  return find_kernel(node.op->id, {static_cast<int>(inputs.size()), static_cast<int>(outputs.size()), inputs.data(),
                                   outputs.data(), node.attributes.data(), nullptr});
}

using Users = std::unordered_map<const Value*, std::vector<Node*>>;

// Whether an op that reads float32 alone has the value made, directly or as a view: then it is there for others too.
bool is_made_anyway(const Value& value, const Users& users) {
  const auto readers = users.find(&value);
  if (readers == users.end()) return false;
  return std::any_of(readers->second.begin(), readers->second.end(), [&](const Node* reader) {
    if (reader->op->traits.is_view) return is_made_anyway(*reader->outputs[0], users);
    const HalfForm* form = half_form(*reader->op);
    return !is_tile(*reader) && (!form || form->on_units);
  });
}

}  // namespace

void read_halves(Graph& graph) {
  const auto users = users_of_values(graph);
  std::unordered_set<const Value*> kept;
  for (const auto& output : graph.outputs) kept.insert(output.get());
  for (const auto& update : graph.updates) kept.insert(update.value.get());
  Replacements replacements;
  for (auto& node : graph.nodes) {
    const HalfForm* form = half_form(*node->op);
    if (!form) continue;
    std::vector<ValuePointer> sources;
    for (const size_t i : form->inputs) sources.push_back(narrow_source(*node->inputs[i]));
    const bool all = std::all_of(sources.begin(), sources.end(), [&](const ValuePointer& source) {
      return source && source->type.dtype == sources[0]->type.dtype;
    });
    if (!all) continue;
    const auto made = [&](size_t i) { return is_made_anyway(*node->inputs[i], users); };
    if (form->on_units) {
      if (!has_kernel(*node, *form, sources)) continue;
    } else if (form->outputs.empty() && std::all_of(form->inputs.begin(), form->inputs.end(), made)) {
      continue;
    }
    std::vector<Node*> casts;
    for (const size_t i : form->outputs) {
      const Value* output = node->outputs[i].get();
      const auto readers = users.find(output);
      const bool alone = readers != users.end() && readers->second.size() == 1 && !kept.count(output);
      Node* reader = alone ? readers->second[0] : nullptr;
      if (reader && is_op(*reader, OpId::cast) && reader->outputs[0]->type.dtype == sources[0]->type.dtype) casts.push_back(reader);
    }
    if (casts.size() != form->outputs.size()) continue;
    for (size_t i = 0; i < sources.size(); ++i) node->inputs[form->inputs[i]] = sources[i];
    for (size_t i = 0; i < casts.size(); ++i) {
      node->outputs[form->outputs[i]]->type.dtype = sources[0]->type.dtype;
      replacements[casts[i]->outputs[0].get()] = node->outputs[form->outputs[i]];
    }
  }
  replace_uses(graph, replacements);
  remove_dead(graph);
}

}  // namespace gradmill
