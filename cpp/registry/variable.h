// State that outlives a step: weights, optimizer slots, metric sums, random counters. Eager mode replaces its tensor;
// a compiled plan writes into its memory in place.
#pragma once

#include <string>

#include "registry/var.h"

namespace gradmill {

class Variable {
 public:
  Variable(Tensor initial, std::string name, bool trainable);

  const TensorType& type() const { return type_; }
  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }
  bool trainable() const { return trainable_; }
  void set_trainable(bool trainable) { trainable_ = trainable; }
  // Whether layers that compute in another float type read it in that one.
  bool autocast() const { return autocast_; }
  void set_autocast(bool autocast) { autocast_ = autocast; }
  uint64_t id() const { return id_; }

  // The value now. Whoever holds it keeps seeing it after an assignment: assignments never write into shared memory.
  const Var& value() const { return value_; }
  // Replaces the value; throws ShapeError or DTypeError naming the variable when the type differs.
  void set_value(const Tensor& tensor);
  // Memory that a plan may write into: a private copy is made first if anybody else can see it. The value gets a new
  // identity, since its contents change.
  Tensor exclusive_memory();

 private:
  TensorType type_;
  std::string name_;
  bool trainable_, autocast_ = true;
  uint64_t id_;
  Var value_;
};

using VariablePointer = std::shared_ptr<Variable>;

}  // namespace gradmill
