#include "registry/op_def.h"

namespace gradmill {

void InferScope::check_rank(int i, int minimum, int maximum) const {
  const int rank = input(i).shape.rank();
  if (rank < minimum || rank > maximum) {
    shape_error("input ", i, " must have ", minimum == maximum ? "" : "at least ", minimum, " axes; received shape ",
                input(i).shape);
  }
}

void InferScope::check_float(int i) const {
  if (!is_float(input(i).dtype)) dtype_error("input ", i, " must be floating point; received ", input(i));
}

void InferScope::check_integer(int i) const {
  if (!is_integer(input(i).dtype)) dtype_error("input ", i, " must be of an integer type; received ", input(i));
}

std::vector<TensorType> infer_types(const OpDef& op, const std::vector<TensorType>& inputs,
                                    const Attributes& attributes) {
  const auto& expected = op.signature.input_list();
  if (op.signature.variadic() ? inputs.size() < expected.size() : inputs.size() != expected.size()) {
    throw ArgumentError(text(op.name(), ": expected ", op.signature.variadic() ? "at least " : "", expected.size(),
                             " inputs; received ", inputs.size()));
  }
  InferScope scope(op.name(), inputs, attributes.data());
  op.infer(scope);
  return scope.outputs();
}

}  // namespace gradmill
