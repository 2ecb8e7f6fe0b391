// Records what is emitted while it is active, eagerly or in a trace, and differentiates it.
#pragma once

#include <unordered_map>
#include <unordered_set>

#include "autodiff/reverse_walk.h"
#include "registry/emitter.h"

namespace gradmill {

class Tape : public Recorder {
 public:
  Tape(bool persistent, bool watch_variables) : persistent_(persistent), watch_variables_(watch_variables) {}
  ~Tape() override { stop(); }

  void start();
  void stop();
  void watch(const Var& value) { watched_.insert(value.id()); }
  void watch(const VariablePointer& variable);
  void reset();

  // The gradient of the targets with respect to each source; undefined where there is none. A source is a value, or a
  // variable (all values read from it while the tape was active count).
  struct Source {
    Var value;
    VariablePointer variable;
  };
  // `walk` must give what walk_in_reverse gives. Throws UnsupportedError when a tape that is not persistent is used twice.
  Vars gradient(const Vars& targets, const Vars& seeds, const std::vector<Source>& sources,
                ReverseWalk walk = &walk_in_reverse);
  const std::vector<VariablePointer>& watched_variables() const { return variable_order_; }

  void record(const OpDef& op, const Attributes& attributes, const Vars& inputs, const Vars& outputs) override;
  void variable_read(const VariablePointer& variable, const Var& value) override;
  void region_begins(RegionKind kind) override;
  void region_ends(bool repeats) override;

 private:
  void note_read(const VariablePointer& variable, const Var& value);

  const bool persistent_, watch_variables_;
  bool active_ = false, used_ = false;
  std::vector<Record> records_;
  RegionPointer region_;                  // the innermost that has begun
  std::unordered_set<uint64_t> watched_;  // values whose gradients may be asked for, and what depends on them
  std::unordered_map<const Variable*, std::vector<uint64_t>> reads_;
  std::unordered_set<const Variable*> asked_for_;  // by watch()
  std::vector<VariablePointer> variable_order_;
};

}  // namespace gradmill
