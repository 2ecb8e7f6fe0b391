#include "autodiff/tape.h"

#include <algorithm>
#include <utility>

#include "autodiff/regions.h"
#include "ops/build.h"

namespace gradmill {

void Tape::start() {
  if (active_) throw UnsupportedError("GradientTape: the tape is already recording");
  push_recorder(this);
  region_.reset();  // one that began before may have ended meanwhile
  active_ = true;
}

void Tape::stop() {
  if (!active_) return;
  remove_recorder(this);
  active_ = false;
}

void Tape::reset() {
  records_.clear();
  watched_.clear();
  reads_.clear();
  asked_for_.clear();
  variable_order_.clear();
  region_.reset();
  used_ = false;
}

void Tape::watch(const VariablePointer& variable) {
  asked_for_.insert(variable.get());
  note_read(variable, read_variable(variable));
}

void Tape::note_read(const VariablePointer& variable, const Var& value) {
  auto& ids = reads_[variable.get()];
  if (ids.empty()) variable_order_.push_back(variable);
  if (std::find(ids.begin(), ids.end(), value.id()) == ids.end()) ids.push_back(value.id());
  watched_.insert(value.id());
}

void Tape::record(const OpDef& op, const Attributes& attributes, const Vars& inputs, const Vars& outputs) {
  bool depends = false;
  if (op.gradient || op.traits.lacks_gradient) {
    for (const Var& input : inputs) depends = depends || watched_.count(input.id());
  }
  if (!depends && !region_) return;  // what is to be emitted again has to be known whole
  if (depends) {
    for (const Var& output : outputs) watched_.insert(output.id());
  }
  records_.push_back({&op, attributes, inputs, outputs, current_scope(), region_});
}

void Tape::region_begins(RegionKind kind) { region_ = std::make_shared<Region>(Region{region_, kind}); }

void Tape::region_ends(bool repeats) {
  if (!region_) return;  // it began before this tape
  const RegionPointer ended = std::exchange(region_, region_->outer);
  ended->repeats = repeats;
  if (repeats && ended->kind == RegionKind::repeated) forget_values(records_, *ended);
}

void Tape::variable_read(const VariablePointer& variable, const Var& value) {
  const bool watches = watch_variables_ && variable->trainable() && is_float(value.dtype());
  if (watches || asked_for_.count(variable.get())) note_read(variable, value);
}

Vars Tape::gradient(const Vars& targets, const Vars& seeds, const std::vector<Source>& sources, ReverseWalk walk) {
  if (used_ && !persistent_) {
    throw UnsupportedError("GradientTape: gradient() was called before; make the tape with persistent=True to call it again");
  }
  used_ = true;
  // The backward ops belong to outer tapes, not to this one.
  const bool resume = active_ && persistent_;
  stop();
  std::vector<uint64_t> ids;
  for (const Source& source : sources) {
    if (source.variable) {
      const auto& reads = reads_[source.variable.get()];
      ids.insert(ids.end(), reads.begin(), reads.end());
    } else {
      ids.push_back(source.value.id());
    }
  }
  arrange_regions(records_);
  const GradientMap gradients = walk(records_, targets, seeds, ids);
  Vars results;
  for (const Source& source : sources) {
    Var total;
    const auto add = [&](uint64_t id) {
      const auto found = gradients.find(id);
      if (found != gradients.end()) total = total ? total + found->second : found->second;
    };
    if (source.variable) {
      for (uint64_t id : reads_[source.variable.get()]) add(id);
    } else {
      add(source.value.id());
    }
    results.push_back(total);
  }
  if (!persistent_) {
    records_.clear();
    watched_.clear();
  }
  if (resume) start();
  return results;
}

}  // namespace gradmill
