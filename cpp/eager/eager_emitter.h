// Runs each op at once on tensors. In NaN check mode every result is looked at; NonFiniteError names layer and op.
#pragma once

#include "registry/emitter.h"

namespace gradmill {

class EagerEmitter : public Emitter {
 public:
  Vars emit(const OpDef& op, const Vars& inputs, const Attributes& attributes) override;
  Var read(const VariablePointer& variable) override { return variable->value(); }
  void assign(const VariablePointer& variable, const Var& value) override;
  bool tracing() const override { return false; }
};

}  // namespace gradmill
