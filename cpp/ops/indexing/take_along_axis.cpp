// take_along_axis and its adjoint, each the gradient of the other.
#include "ops/indexing/take_along_axis.h"

#include "ops/build.h"

namespace gradmill {
namespace {

// Broadcast in every axis but `axis`, where it has the length of indices.
Shape taken_shape(const InferScope& s, Shape x, const Shape& indices, int axis) {
  if (x.rank() != indices.rank()) {
    s.shape_error("indices must have the ", x.rank(), " axes of x ", x, "; received shape ", indices);
  }
  if (x[axis] == 0 && indices[axis] > 0) s.shape_error("x of shape ", x, " has nothing to take along axis ", axis);
  x.set(axis, indices[axis]);
  return broadcast_shapes(x, indices, s.op());
}

}  // namespace

Var take_along_axis(const Var& x, const Var& indices, int64_t axis) {
  return emit_one(op_definition(OpId::take_along_axis), {x, indices}, Attributes::of(TakeAlongAxisAttributes{axis}));
}

Var take_along_axis_backward(const Var& indices, const Var& dy, const Shape& shape, int64_t axis) {
  return emit_one(op_definition(OpId::take_along_axis_backward), {indices, dy},
                  Attributes::of(TakeAlongAxisBackwardAttributes{shape.vector(), axis}));
}

OpDef define_take_along_axis() {
  using A = TakeAlongAxisAttributes;
  return {
      .signature = Signature("take_along_axis", "Along each line of x what stands at the places that indices names.")
                       .input("x", "rank >= 1")
                       .input("indices",
                              "of an integer type, as many axes as x, broadcast against it in every axis but `axis`; "
                              "negative ones count from the end. A place outside gives NaN, or 0 for integers")
                       .output("y", "the broadcast shape, as long along `axis` as indices")
                       .attribute("axis", &A::axis, "axis to take along"),
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 1);
            s.check_integer(1);
            const Shape& x = s.input(0).shape;
            const int axis = s.axis(s.attributes<A>().axis, x.rank());
            s.add_output({s.input(0).dtype, taken_shape(s, x, s.input(1).shape, axis)});
          },
      .gradient =
          [](const GradientScope& g) {
            const Var& x = g.input(0);
            if (!is_float(x.dtype())) return Vars(2);
            return Vars{take_along_axis_backward(g.input(1), g.dy(), x.shape(), g.attributes<A>().axis), Var()};
          },
      .decompose = nullptr,
      .traits = Traits().any_storage(),
  };
}

OpDef define_take_along_axis_backward() {
  using A = TakeAlongAxisBackwardAttributes;
  return {
      .signature = Signature("take_along_axis_backward",
                             "dy added to zeros at the places that take_along_axis took: its gradient.")
                       .input("indices", "as in take_along_axis; places outside are left out")
                       .input("dy", "the shape of take_along_axis's output")
                       .output("dx", "of `shape`")
                       .attribute("shape", &A::shape, "sizes of the tensor that was taken from")
                       .attribute("axis", &A::axis, "as in take_along_axis"),
      .infer =
          [](InferScope& s) {
            s.check_integer(0);
            const auto& a = s.attributes<A>();
            const Shape shape(a.shape);
            if (shape.rank() == 0) s.shape_error("`shape` must have at least one axis");
            const Shape taken = taken_shape(s, shape, s.input(0).shape, s.axis(a.axis, shape.rank()));
            if (s.input(1).shape != taken) {
              s.shape_error("dy must have shape ", taken, "; received ", s.input(1).shape);
            }
            s.add_output({s.input(1).dtype, shape});
          },
      .gradient =
          [](const GradientScope& g) {
            return Vars{Var(), take_along_axis(g.dy(), g.input(0), g.attributes<A>().axis)};
          },
      .decompose = nullptr,
      .traits = Traits(),
  };
}

}  // namespace gradmill
