// What an operation is: a value made of plain functions. See cpp/README.md, "add an op".
#pragma once

#include <functional>

#include "base/error.h"
#include "registry/signature.h"
#include "registry/traits.h"
#include "registry/var.h"

namespace gradmill {

// Types in, types out.
class InferScope {
 public:
  InferScope(const char* op, const std::vector<TensorType>& inputs, const void* attributes)
      : op_(op), inputs_(inputs), attributes_(attributes) {}

  const char* op() const { return op_; }
  int input_count() const { return static_cast<int>(inputs_.size()); }
  const TensorType& input(int i) const { return inputs_[i]; }
  template <class A>
  const A& attributes() const { return *static_cast<const A*>(attributes_); }
  void add_output(const TensorType& type) { outputs_.push_back(type); }
  const std::vector<TensorType>& outputs() const { return outputs_; }

  // Each throws an error that starts with the op's name.
  void check_rank(int i, int minimum, int maximum = max_rank) const;
  void check_float(int i) const;
  void check_integer(int i) const;
  int axis(int64_t axis, int rank) const { return normalize_axis(axis, rank, op_); }
  template <class... Parts>
  [[noreturn]] void shape_error(const Parts&... parts) const { throw ShapeError(text(op_, ": ", parts...)); }
  template <class... Parts>
  [[noreturn]] void dtype_error(const Parts&... parts) const { throw DTypeError(text(op_, ": ", parts...)); }
  template <class... Parts>
  [[noreturn]] void argument_error(const Parts&... parts) const { throw ArgumentError(text(op_, ": ", parts...)); }

 private:
  const char* op_;
  const std::vector<TensorType>& inputs_;
  const void* attributes_;
  std::vector<TensorType> outputs_;
};

// What a decomposition sees, and (with the incoming gradients) a gradient.
class OpScope {
 public:
  OpScope(const Vars& inputs, const Attributes& attributes) : inputs_(inputs), attributes_(attributes) {}
  int input_count() const { return static_cast<int>(inputs_.size()); }
  const Var& input(int i) const { return inputs_[i]; }
  template <class A>
  const A& attributes() const { return attributes_.as<A>(); }
  const Attributes& all_attributes() const { return attributes_; }

 private:
  const Vars& inputs_;
  const Attributes& attributes_;
};

class GradientScope : public OpScope {
 public:
  GradientScope(const Vars& inputs, const Vars& outputs, const Vars& gradients, const Attributes& attributes,
                const std::vector<bool>& needed)
      : OpScope(inputs, attributes), outputs_(outputs), gradients_(gradients), needed_(needed) {}
  const Var& output(int i) const { return outputs_[i]; }
  // The gradient of output i. Undefined when nothing flows into that output (only for ops with several outputs).
  const Var& dy(int i = 0) const { return gradients_[i]; }
  // Whether the gradient of input i is asked for: skip the work when it is not.
  bool needs(int i) const { return needed_[i]; }

 private:
  const Vars& outputs_;
  const Vars& gradients_;
  const std::vector<bool>& needed_;
};

using InferFunction = std::function<void(InferScope&)>;
// One gradient per input; an undefined Var where the input has none.
using GradientFunction = std::function<Vars(const GradientScope&)>;
using DecomposeFunction = std::function<Vars(const OpScope&)>;

struct OpDef {
  Signature signature;
  InferFunction infer;
  GradientFunction gradient;    // empty: not differentiable
  DecomposeFunction decompose;  // optional once a kernel exists
  Traits traits;
  int id = -1;                  // row in the catalogue, set by the registry

  const char* name() const { return signature.name().c_str(); }
};

// The output types of a call. Throws the op's documented errors.
std::vector<TensorType> infer_types(const OpDef& op, const std::vector<TensorType>& inputs,
                                    const Attributes& attributes);

}  // namespace gradmill
