// A value in either world: a tensor that has memory (eager) or a value of a graph that is being traced. Gradients,
// decompositions and passes are written with Var arithmetic and so work in both.
#pragma once

#include <memory>
#include <vector>

#include "tensor/tensor.h"

namespace gradmill {

// What a Var points to. Identity matters: tapes look values up by `id`.
struct ValueBase {
  ValueBase(TensorType value_type, bool in_graph);
  ValueBase(const ValueBase&) = default;  // the same value: the copy has its id
  virtual ~ValueBase() = default;

  TensorType type;
  const uint64_t id;    // unique in this process
  const bool in_graph;  // graph::Value, else TensorValue
};

struct TensorValue : ValueBase {
  explicit TensorValue(Tensor value) : ValueBase(value.type, false), tensor(std::move(value)) {}
  explicit TensorValue(const ValueBase& value) : ValueBase(value) {}  // without memory
  Tensor tensor;
};

class Var {
 public:
  Var() = default;
  explicit Var(std::shared_ptr<ValueBase> value) : value_(std::move(value)) {}
  explicit Var(Tensor tensor) : value_(std::make_shared<TensorValue>(std::move(tensor))) {}
  // What a tape remembers of an eager value that it will compute again: type and id, but no memory.
  Var without_memory() const;
  bool has_memory() const { return !in_graph() && static_cast<const TensorValue&>(*value_).tensor.defined(); }

  bool defined() const { return value_ != nullptr; }
  explicit operator bool() const { return defined(); }
  const TensorType& type() const { return value_->type; }
  const Shape& shape() const { return value_->type.shape; }
  DType dtype() const { return value_->type.dtype; }
  uint64_t id() const { return value_->id; }
  bool in_graph() const { return value_->in_graph; }
  // The memory of an eager value; throws UnsupportedError for a traced one.
  const Tensor& tensor() const;
  const std::shared_ptr<ValueBase>& value() const { return value_; }

 private:
  std::shared_ptr<ValueBase> value_;
};

using Vars = std::vector<Var>;

}  // namespace gradmill
