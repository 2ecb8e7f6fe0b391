#include "registry/emitter.h"

#include <algorithm>

#include "base/check.h"
#include "registry/input_conversion.h"
#include "registry/op_def.h"

namespace gradmill {
namespace {

Emitter* eager = nullptr;
thread_local std::vector<Emitter*> emitters;
thread_local std::vector<Recorder*> recorders;
thread_local int recording_pauses = 0;
thread_local bool repeating = false;
thread_local std::vector<std::string> scopes{""};
thread_local std::optional<DType> autocast;
const std::string gradient_mark = " (gradient)";

}  // namespace

Emitter& eager_emitter() {
  GM_CHECK(eager, "no eager emitter is installed");
  return *eager;
}

void install_eager_emitter(Emitter* emitter) { eager = emitter; }
Emitter& current_emitter() { return emitters.empty() ? eager_emitter() : *emitters.back(); }
void push_emitter(Emitter* emitter) { emitters.push_back(emitter); }
void pop_emitter() { emitters.pop_back(); }

void push_recorder(Recorder* recorder) { recorders.push_back(recorder); }

void remove_recorder(Recorder* recorder) {
  recorders.erase(std::remove(recorders.begin(), recorders.end(), recorder), recorders.end());
}

bool is_recording() { return !recorders.empty(); }

void begin_region(RegionKind kind) {
  for (Recorder* recorder : recorders) recorder->region_begins(kind);
}

void end_region(bool repeats) {
  for (Recorder* recorder : recorders) recorder->region_ends(repeats);
}

RepeatScope::RepeatScope(bool repeats) : before_(repeating) { repeating = repeats; }
RepeatScope::~RepeatScope() { repeating = before_; }
bool is_repeating() { return repeating; }

RecordingPause::RecordingPause() { ++recording_pauses; }
RecordingPause::~RecordingPause() { --recording_pauses; }

Vars emit(const OpDef& op, const Vars& given, const Attributes& attributes) {
  const Attributes described = attributes.data() ? attributes.with_schema(&op.signature.schema())
                                                 : Attributes(&op.signature.schema(), op.signature.schema().defaults);
  Vars inputs = converted_inputs(op, given);
  if (needs_wide_arithmetic(op, inputs)) {
    DType narrow = DType::float32;
    for (Var& input : inputs) {
      if (!is_half(input.dtype())) continue;
      narrow = narrow == DType::float32 ? input.dtype() : promote(narrow, input.dtype());
      input = converted(input, DType::float32);
    }
    Vars outputs = emit(op, inputs, attributes);
    for (Var& output : outputs) {
      if (output.dtype() == DType::float32) output = converted(output, narrow);
    }
    return outputs;
  }
  Vars outputs = current_emitter().emit(op, inputs, described);
  if (recording_pauses == 0) {
    for (Recorder* recorder : recorders) recorder->record(op, described, inputs, outputs);
  }
  return outputs;
}

Var emit_one(const OpDef& op, const Vars& inputs, const Attributes& attributes) {
  return emit(op, inputs, attributes)[0];
}

Var read_variable(const VariablePointer& variable) {
  Var value = current_emitter().read(variable);
  if (recording_pauses == 0) {
    for (Recorder* recorder : recorders) recorder->variable_read(variable, value);
  }
  return value;
}

std::optional<DType> autocast_dtype() { return autocast; }
void set_autocast_dtype(std::optional<DType> dtype) { autocast = dtype; }

DType seen_dtype(const Variable& variable) {
  const DType own = variable.type().dtype;
  return autocast && variable.autocast() && is_float(own) ? *autocast : own;
}

Var read_as_seen(const VariablePointer& variable) { return converted(read_variable(variable), seen_dtype(*variable)); }

void assign_variable(const VariablePointer& variable, const Var& value) {
  if (value.shape() != variable->type().shape) {
    throw ShapeError(text("variable '", variable->name(), "': expected a value of shape ", variable->type().shape,
                          "; received ", value.shape()));
  }
  if (value.dtype() != variable->type().dtype) {
    throw DTypeError(text("variable '", variable->name(), "': expected dtype ", name_of(variable->type().dtype),
                          "; received ", name_of(value.dtype())));
  }
  current_emitter().assign(variable, value);
}

const std::string& current_scope() { return scopes.back(); }

void push_scope(const std::string& name) {
  scopes.push_back(scopes.back().empty() ? name : scopes.back() + "/" + name);
}

void pop_scope() {
  GM_CHECK(scopes.size() > 1, "more scopes left than entered");
  scopes.pop_back();
}

ScopePath::ScopePath(std::string path) { scopes.push_back(std::move(path)); }

std::string gradient_scope(const std::string& path) {
  return path.empty() || is_gradient_scope(path) ? path : path + gradient_mark;
}

bool is_gradient_scope(const std::string& path) {
  return path.size() > gradient_mark.size() &&
         path.compare(path.size() - gradient_mark.size(), gradient_mark.size(), gradient_mark) == 0;
}

std::string layer_of_scope(const std::string& path) {
  return is_gradient_scope(path) ? path.substr(0, path.size() - gradient_mark.size()) : path;
}

}  // namespace gradmill
