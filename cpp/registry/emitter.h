// Who carries out an op: run it now (eager) or append it to a graph (tracing). Each thread has a stack of emitters,
// the eager one at the bottom, and a stack of recorders (tapes) that see every op emitted.
#pragma once

#include <optional>
#include <string>

#include "registry/attributes.h"
#include "registry/var.h"
#include "registry/variable.h"

namespace gradmill {

struct OpDef;

class Emitter {
 public:
  virtual ~Emitter() = default;
  virtual Vars emit(const OpDef& op, const Vars& inputs, const Attributes& attributes) = 0;
  virtual Var read(const VariablePointer& variable) = 0;
  virtual void assign(const VariablePointer& variable, const Var& value) = 0;
  virtual bool tracing() const = 0;
};

// What is emitted between the beginning and the end of a region may be emitted again for the gradients, so that its
// values need not be kept till then (gm.remat). Regions lie within each other. A divided one is cut into regions when
// gradients are asked for, where they save most.
enum class RegionKind : uint8_t { repeated, divided };

// Sees what is emitted; a gradient tape is one.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void record(const OpDef& op, const Attributes& attributes, const Vars& inputs, const Vars& outputs) = 0;
  virtual void variable_read(const VariablePointer& variable, const Var& value) = 0;
  virtual void region_begins(RegionKind) {}
  virtual void region_ends(bool) {}
};

Emitter& current_emitter();
void push_emitter(Emitter* emitter);
void pop_emitter();
// The emitter that runs ops at once. Installed by eager/ when the library is loaded.
Emitter& eager_emitter();
void install_eager_emitter(Emitter* emitter);

void push_recorder(Recorder* recorder);
void remove_recorder(Recorder* recorder);
// Whether any is on the stack of this thread.
bool is_recording();

// Emits through the current emitter and shows the result to the recorders.
Vars emit(const OpDef& op, const Vars& inputs, const Attributes& attributes);
Var emit_one(const OpDef& op, const Vars& inputs, const Attributes& attributes = {});
Var read_variable(const VariablePointer& variable);

// While a layer runs that computes in another float type than its variables have: that type, in which this thread sees
// float variables that allow it. Nothing otherwise.
std::optional<DType> autocast_dtype();
void set_autocast_dtype(std::optional<DType> dtype);
DType seen_dtype(const Variable& variable);
Var read_as_seen(const VariablePointer& variable);

void assign_variable(const VariablePointer& variable, const Var& value);

// Shown to the recorders. A region that ends with `repeats` false is none.
void begin_region(RegionKind kind);
void end_region(bool repeats);

// What is emitted while one of these with `repeats` lives computes again what was computed before; a graph keeps the two
// apart.
class RepeatScope {
 public:
  explicit RepeatScope(bool repeats = true);
  ~RepeatScope();
  RepeatScope(const RepeatScope&) = delete;
  RepeatScope& operator=(const RepeatScope&) = delete;

 private:
  const bool before_;
};
bool is_repeating();

// No recorder sees what happens while one of these is alive.
class RecordingPause {
 public:
  RecordingPause();
  ~RecordingPause();
};

class EmitterScope {
 public:
  explicit EmitterScope(Emitter* emitter) { push_emitter(emitter); }
  ~EmitterScope() { pop_emitter(); }
  EmitterScope(const EmitterScope&) = delete;
  EmitterScope& operator=(const EmitterScope&) = delete;
};

// The path of layers that is being called, for messages and plans: "model/dense_1".
const std::string& current_scope();
void push_scope(const std::string& name);
void pop_scope();

// Emits for the place `path`, wherever the caller stands.
class ScopePath {
 public:
  explicit ScopePath(std::string path);
  ~ScopePath() { pop_scope(); }
  ScopePath(const ScopePath&) = delete;
  ScopePath& operator=(const ScopePath&) = delete;
};

// Where the gradients of what was emitted at `path` stand: the same path with a mark, "model/dense_1 (gradient)". What
// belongs to no layer has no path, and neither have its gradients.
std::string gradient_scope(const std::string& path);
bool is_gradient_scope(const std::string& path);
// The path without the mark.
std::string layer_of_scope(const std::string& path);

}  // namespace gradmill
