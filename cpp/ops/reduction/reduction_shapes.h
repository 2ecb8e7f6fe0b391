// What the definitions of reductions share.
#pragma once

#include "ops/build.h"
#include "ops/reduction/reduction.h"

namespace gradmill {

// Non-negative sorted axes; no axes at all means every axis.
std::vector<int> reduced_axes(const Ints& axes, int rank, const char* who);
// x's shape without the axes, or with size one in their place.
Shape reduced_shape(const Shape& shape, const Ints& axes, bool keepdims, const char* who);
// A value of the reduced shape, as it lines up with x.
Var with_reduced_axes(const Var& value, const Var& x, const Ints& axes);

// Sums and products of narrow integers are 32 bits wide.
DType widened(DType dtype);

Signature reduction_signature(const char* name, const char* text, const char* result);
Var emit_reduction(OpId op, const Var& x, const Ints& axes, bool keepdims);
void infer_accumulation(InferScope& s);   // sum and prod
void infer_extreme(InferScope& s);        // max and min
void infer_extreme_index(InferScope& s);  // argmax and argmin
Vars gradient_of_extreme(const GradientScope& g);

}  // namespace gradmill
