#include "registry/variable.h"

#include "base/error.h"

namespace gradmill {

Variable::Variable(Tensor initial, std::string name, bool trainable)
    : type_(initial.type), name_(std::move(name)), trainable_(trainable), value_(std::move(initial)) {
  id_ = value_.id();
}

void Variable::set_value(const Tensor& tensor) {
  if (tensor.type.shape != type_.shape) {
    throw ShapeError(text("variable '", name_, "': expected a value of shape ", type_.shape, "; received ",
                          tensor.type.shape));
  }
  if (tensor.type.dtype != type_.dtype) {
    throw DTypeError(text("variable '", name_, "': expected dtype ", name_of(type_.dtype), "; received ",
                          name_of(tensor.type.dtype)));
  }
  value_ = Var(tensor);
}

Tensor Variable::exclusive_memory() {
  const bool shared = value_.value().use_count() > 1 || value_.tensor().storage.use_count() > 1 ||
                      value_.tensor().offset != 0;
  value_ = Var(shared ? value_.tensor().clone() : value_.tensor());
  return value_.tensor();
}

}  // namespace gradmill
