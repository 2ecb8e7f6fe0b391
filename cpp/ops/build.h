// Ops as C++ functions of Vars, for gradients, decompositions and passes. They go through emit(), so the same text runs
// eagerly, is traced, and is seen by tapes. Numbers take the dtype of the Var beside them.
#pragma once

#include <vector>

#include "registry/registry.h"
#include "registry/emitter.h"

namespace gradmill {

// One builder for each row of elementwise.def.
#define GM_ARGUMENTS_1 const Var& x
#define GM_ARGUMENTS_2 const Var &x1, const Var &x2
#define GM_ARGUMENTS_3 const Var &x1, const Var &x2, const Var &x3
#define ELEMENTWISE(name, arity) Var name(GM_ARGUMENTS_##arity);
#include "math/elementwise.def"
#undef ELEMENTWISE
#undef GM_ARGUMENTS_1
#undef GM_ARGUMENTS_2
#undef GM_ARGUMENTS_3

// A 0-dimensional constant.
Var scalar(double value, DType dtype);

// Numbers beside a Var, for every binary builder.
#define GM_BINARY_WITH_NUMBER(name)                                                             \
  inline Var name(const Var& x1, double x2) { return name(x1, scalar(x2, x1.dtype())); }        \
  inline Var name(double x1, const Var& x2) { return name(scalar(x1, x2.dtype()), x2); }
#define GM_BINARY_1(name)
#define GM_BINARY_2(name) GM_BINARY_WITH_NUMBER(name)
#define GM_BINARY_3(name)
#define ELEMENTWISE(name, arity) GM_BINARY_##arity(name)
#include "math/elementwise.def"
#undef ELEMENTWISE
#undef GM_BINARY_1
#undef GM_BINARY_2
#undef GM_BINARY_3
#undef GM_BINARY_WITH_NUMBER
inline Var where(const Var& c, const Var& x1, double x2) { return where(c, x1, scalar(x2, x1.dtype())); }
inline Var where(const Var& c, double x1, const Var& x2) { return where(c, scalar(x1, x2.dtype()), x2); }

#define GM_OPERATOR(symbol, name)                                                    \
  inline Var operator symbol(const Var& a, const Var& b) { return name(a, b); }      \
  inline Var operator symbol(const Var& a, double b) { return name(a, b); }          \
  inline Var operator symbol(double a, const Var& b) { return name(a, b); }
GM_OPERATOR(+, add)
GM_OPERATOR(-, subtract)
GM_OPERATOR(*, multiply)
GM_OPERATOR(/, divide)
#undef GM_OPERATOR
inline Var operator-(const Var& x) { return neg(x); }

Var cast(const Var& x, DType dtype);
Var broadcast_to(const Var& x, const Shape& shape);
// Sums the axes along which a value of `shape` was broadcast to become `x`.
Var sum_to(const Var& x, const Shape& shape);
Var iota(int64_t length, DType dtype);
Var stop_gradient(const Var& x);

Var reshape(const Var& x, const Shape& shape);
Var transpose(const Var& x, const Ints& permutation);
Var swap_last_axes(const Var& x);
Var concatenate(const Vars& inputs, int64_t axis);
// Python's start:stop:step on every axis, already normalised: 0 <= start, count elements, step may be negative.
Var slice(const Var& x, const Ints& starts, const Ints& counts, const Ints& steps);

Var sum(const Var& x, const Ints& axes, bool keepdims = false);
Var max(const Var& x, const Ints& axes, bool keepdims = false);
Var min(const Var& x, const Ints& axes, bool keepdims = false);
Var prod(const Var& x, const Ints& axes, bool keepdims = false);

Var softmax(const Var& x, int64_t axis = -1);
Var matmul(const Var& a, const Var& b, bool transpose_a = false, bool transpose_b = false);
// A kernel of one pixel without strides, padding and groups becomes a matrix product. `attributes` are those of the
// convolution; the gradients take their sizes from the shape given last.
struct ConvolutionAttributes;
Var convolution(const Var& x, const Var& kernel, const ConvolutionAttributes& attributes);
Var convolution_input_gradient(const Var& dy, const Var& kernel, const ConvolutionAttributes& attributes, const Shape& x);
Var convolution_kernel_gradient(const Var& x, const Var& dy, const ConvolutionAttributes& attributes, const Shape& kernel);
Var zeros(const TensorType& type);
Var full(double value, const TensorType& type);

}  // namespace gradmill
