#include "ops/reduction/reduction_shapes.h"

#include "ops/reduction/extreme_index.h"

namespace gradmill {

std::vector<int> reduced_axes(const Ints& axes, int rank, const char* who) {
  if (!axes.empty()) return normalize_axes(axes, rank, who);
  std::vector<int> all;
  for (int axis = 0; axis < rank; ++axis) all.push_back(axis);
  return all;
}

Shape reduced_shape(const Shape& shape, const Ints& axes, bool keepdims, const char* who) {
  Shape kept = shape, result;
  for (int axis : reduced_axes(axes, shape.rank(), who)) kept.set(axis, -1);
  for (int64_t size : kept) {
    if (size >= 0) {
      result.append(size);
    } else if (keepdims) {
      result.append(1);
    }
  }
  return result;
}

Var with_reduced_axes(const Var& value, const Var& x, const Ints& axes) {
  return reshape(value, reduced_shape(x.shape(), axes, true, "reduction"));
}

DType widened(DType dtype) {
  switch (dtype) {
    case DType::boolean:
    case DType::int8:
    case DType::int16: return DType::int32;
    case DType::uint8:
    case DType::uint16: return DType::uint32;
    case DType::bfloat16:
    case DType::float16: return DType::float32;  // after the pass read_halves; before, inputs are converted
    default: return dtype;
  }
}

Signature reduction_signature(const char* name, const char* text, const char* result) {
  return Signature(name, text)
      .input("x", "any shape")
      .output("y", result)
      .attribute("axes", &ReductionAttributes::axes, "axes to reduce, counted from the end if negative; empty for all")
      .attribute("keepdims", &ReductionAttributes::keepdims, "leave axes of size one in place of the reduced ones");
}

Var emit_reduction(OpId op, const Var& x, const Ints& axes, bool keepdims) {
  return emit_one(op_definition(op), {x}, Attributes::of(ReductionAttributes{axes, keepdims}));
}

void infer_accumulation(InferScope& s) {
  const auto& a = s.attributes<ReductionAttributes>();
  s.add_output({widened(s.input(0).dtype), reduced_shape(s.input(0).shape, a.axes, a.keepdims, s.op())});
}

void infer_extreme(InferScope& s) {
  const auto& a = s.attributes<ReductionAttributes>();
  const Shape& x = s.input(0).shape;
  const Shape shape = reduced_shape(x, a.axes, a.keepdims, s.op());
  if (x.elements() == 0 && shape.elements() != 0) {
    s.shape_error("x of shape ", x, " has no elements along the reduced axes, so there is no ", s.op(),
                  "; reduce axes that are not empty");
  }
  s.add_output({s.input(0).dtype, shape});
}

void infer_extreme_index(InferScope& s) {
  const auto& a = s.attributes<ExtremeIndexAttributes>();
  s.check_rank(0, 1);
  const Shape& x = s.input(0).shape;
  const int axis = s.axis(a.axis, x.rank());
  const Shape shape = reduced_shape(x, {axis}, a.keepdims, s.op());
  if (x[axis] == 0 && shape.elements() != 0) {
    s.shape_error("x of shape ", x, " has no elements along axis ", axis, "; search an axis that is not empty");
  }
  if (x[axis] > INT32_MAX) s.shape_error("axis ", axis, " of x ", x, " is too long for int32 positions");
  s.add_output({DType::int32, shape});
}

// Equal elements share the gradient. Where y is NaN nothing is equal to it and nothing flows.
Vars gradient_of_extreme(const GradientScope& g) {
  const Var& x = g.input(0);
  if (!is_float(x.dtype())) return Vars(1);
  const Ints& axes = g.attributes<ReductionAttributes>().axes;
  const Var chosen = equal(x, with_reduced_axes(g.output(0), x, axes));
  const Var share = with_reduced_axes(g.dy(), x, axes) / sum(cast(chosen, x.dtype()), axes, true);
  return Vars{where(chosen, share, 0.0)};
}

}  // namespace gradmill
