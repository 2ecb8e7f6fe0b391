#include "registry/var.h"

#include <atomic>

#include "base/check.h"
#include "base/error.h"

namespace gradmill {
namespace {

std::atomic<uint64_t> next_id{1};

}  // namespace

ValueBase::ValueBase(TensorType value_type, bool in_graph_)
    : type(std::move(value_type)), id(next_id.fetch_add(1, std::memory_order_relaxed)), in_graph(in_graph_) {}

const Tensor& Var::tensor() const {
  if (in_graph()) {
    throw UnsupportedError(
        text("tensor: a value of type ", type(), " is being traced and has no data yet; its value cannot be read inside "
             "a compiled function. Compute with gradmill.ops, or run eagerly (run_eagerly=True)"));
  }
  const Tensor& tensor = static_cast<const TensorValue&>(*value_).tensor;
  GM_CHECK(tensor.defined(), "the memory of a value of type ", type(), " was given back");
  return tensor;
}

Var Var::without_memory() const {
  return Var(std::static_pointer_cast<ValueBase>(std::make_shared<TensorValue>(*value_)));
}

}  // namespace gradmill
