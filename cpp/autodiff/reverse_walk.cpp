#include "autodiff/reverse_walk.h"

#include <unordered_set>

#include "autodiff/regions.h"
#include "base/check.h"
#include "ops/build.h"
#include "registry/emitter.h"

namespace gradmill {
namespace {

void accumulate(GradientMap& gradients, const Var& value, const Var& gradient) {
  GM_CHECK(gradient.shape() == value.shape(), "a gradient of shape ", gradient.shape(), " for a value of shape ",
           value.shape());
  const Var converted = cast(gradient, value.dtype());
  auto& sum = gradients[value.id()];
  sum = sum ? sum + converted : converted;
}

// Keeps all that is emitted while it lives.
class Listener : public Recorder {
 public:
  Listener() { push_recorder(this); }
  ~Listener() override { remove_recorder(this); }

  void record(const OpDef& op, const Attributes& attributes, const Vars& inputs, const Vars& outputs) override {
    records.push_back({&op, attributes, inputs, outputs, current_scope(), nullptr});
  }
  void variable_read(const VariablePointer&, const Var&) override {}

  std::vector<Record> records;
};

// The gradient of an op that is itself part of a gradient: that of what it is made of.
Vars gradient_of_parts(const Record& record, const Vars& incoming) {
  if (!record.op->decompose) {
    throw UnsupportedError(text(record.op->name(), ": has no gradient, so what it differentiates has no second derivative"));
  }
  Vars made, targets, seeds;
  std::vector<Record> parts;
  {
    Listener listener;
    made = record.op->decompose(OpScope(record.inputs, record.attributes));
    parts = std::move(listener.records);
  }
  for (size_t k = 0; k < incoming.size(); ++k) {
    if (!incoming[k]) continue;
    targets.push_back(made[k]);
    seeds.push_back(incoming[k]);
  }
  std::vector<uint64_t> sources;
  for (const Var& input : record.inputs) sources.push_back(input.id());
  GradientMap gradients = walk_in_reverse(parts, targets, seeds, sources);
  Vars results;
  for (const uint64_t source : sources) {
    const auto found = gradients.find(source);
    results.push_back(found == gradients.end() ? Var() : found->second);
    if (found != gradients.end()) gradients.erase(found);  // an input given twice counts once
  }
  return results;
}

}  // namespace

GradientMap walk_in_reverse(const std::vector<Record>& records, const Vars& targets, const Vars& seeds,
                            const std::vector<uint64_t>& sources) {
  // Forward over the records: which values depend on a source.
  std::unordered_set<uint64_t> active(sources.begin(), sources.end());
  std::vector<bool> on_path(records.size(), false);
  for (size_t i = 0; i < records.size(); ++i) {
    if (!records[i].op->gradient && !records[i].op->traits.lacks_gradient) continue;
    for (const Var& input : records[i].inputs) {
      if (is_float(input.dtype()) && active.count(input.id())) on_path[i] = true;
    }
    if (!on_path[i]) continue;
    for (const Var& output : records[i].outputs) active.insert(output.id());
  }

  GradientMap gradients;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (active.count(targets[i].id())) accumulate(gradients, targets[i], seeds[i]);
  }
  Repetition repetition(records, on_path);
  for (size_t i = records.size(); i-- > 0;) {
    if (!on_path[i]) continue;
    const Record& record = records[i];
    Vars incoming(record.outputs.size());
    bool any = false;
    for (size_t k = 0; k < incoming.size(); ++k) {
      const auto found = gradients.find(record.outputs[k].id());
      if (found == gradients.end()) continue;
      incoming[k] = found->second;
      any = true;
    }
    if (!any) continue;
    std::vector<bool> needed;
    for (const Var& input : record.inputs) needed.push_back(is_float(input.dtype()) && active.count(input.id()));
    const Record& present = repetition.at(i);
    const ScopePath place(gradient_scope(record.scope));
    const GradientScope scope(present.inputs, present.outputs, incoming, record.attributes, needed);
    const Vars results = record.op->gradient ? record.op->gradient(scope) : gradient_of_parts(present, incoming);
    for (size_t k = 0; k < results.size(); ++k) {
      if (results[k] && needed[k]) accumulate(gradients, record.inputs[k], results[k]);
    }
  }
  return gradients;
}

}  // namespace gradmill
