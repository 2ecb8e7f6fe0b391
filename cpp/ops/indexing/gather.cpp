// gather and its adjoint gather_backward, each the gradient of the other.
#include "ops/indexing/gather.h"

#include "ops/build.h"

namespace gradmill {
namespace {

Shape gathered_shape(const Shape& x, int axis, const Shape& indices) {
  Shape result;
  for (int i = 0; i < axis; ++i) result.append(x[i]);
  for (int64_t size : indices) result.append(size);
  for (int i = axis + 1; i < x.rank(); ++i) result.append(x[i]);
  return result;
}

Var gather(const Var& x, const Var& indices, int64_t axis) {
  return emit_one(op_definition(OpId::gather), {x, indices}, Attributes::of(GatherAttributes{axis}));
}

Var gather_backward(const Var& indices, const Var& dy, const Shape& shape, int64_t axis) {
  return emit_one(op_definition(OpId::gather_backward), {indices, dy},
                  Attributes::of(GatherBackwardAttributes{shape.vector(), axis}));
}

}  // namespace

OpDef define_gather() {
  using A = GatherAttributes;
  return {
      .signature = Signature("gather", "What stands at the given places along one axis.")
                       .input("x", "rank >= 1")
                       .input("indices",
                              "of an integer type, any shape; negative ones count from the end. A place outside the "
                              "axis gives NaN, or 0 for integers")
                       .output("y", "x's shape with that of indices in place of `axis`")
                       .attribute("axis", &A::axis, "axis to take from"),
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 1);
            s.check_integer(1);
            const Shape &x = s.input(0).shape, &indices = s.input(1).shape;
            const int axis = s.axis(s.attributes<A>().axis, x.rank());
            if (x.rank() - 1 + indices.rank() > max_rank) {
              s.shape_error("x ", x, " and indices ", indices, " give more than ", max_rank, " axes");
            }
            if (x[axis] == 0 && indices.elements() > 0) {
              s.shape_error("x of shape ", x, " has nothing to take along axis ", axis);
            }
            s.add_output({s.input(0).dtype, gathered_shape(x, axis, indices)});
          },
      .gradient =
          [](const GradientScope& g) {
            const Var &x = g.input(0), &indices = g.input(1);
            if (!is_float(x.dtype())) return Vars(2);
            return Vars{gather_backward(indices, g.dy(), x.shape(), g.attributes<A>().axis), Var()};
          },
      .decompose = nullptr,
      .traits = Traits().any_storage(),
  };
}

OpDef define_gather_backward() {
  using A = GatherBackwardAttributes;
  return {
      .signature = Signature("gather_backward", "dy added to zeros at the places that gather took: its gradient.")
                       .input("indices", "as in gather; places outside the axis are left out")
                       .input("dy", "the shape of gather's output")
                       .output("dx", "of `shape`")
                       .attribute("shape", &A::shape, "sizes of the tensor that was taken from")
                       .attribute("axis", &A::axis, "as in gather"),
      .infer =
          [](InferScope& s) {
            s.check_integer(0);
            const auto& a = s.attributes<A>();
            const Shape shape(a.shape);
            if (shape.rank() == 0) s.shape_error("`shape` must have at least one axis");
            const Shape taken = gathered_shape(shape, s.axis(a.axis, shape.rank()), s.input(0).shape);
            if (s.input(1).shape != taken) {
              s.shape_error("dy must have shape ", taken, "; received ", s.input(1).shape);
            }
            s.add_output({s.input(1).dtype, shape});
          },
      .gradient =
          [](const GradientScope& g) { return Vars{Var(), gather(g.dy(), g.input(0), g.attributes<A>().axis)}; },
      .decompose = nullptr,
      .traits = Traits(),
  };
}

}  // namespace gradmill
