// slice and its adjoint slice_backward, each the gradient of the other.
#include "ops/shape/slice.h"

#include "ops/build.h"

namespace gradmill {
namespace {

// The shape of the slice; throws unless every element of it lies inside `shape`.
Shape check_slice(const InferScope& s, const Shape& shape, const Ints& starts, const Ints& counts, const Ints& steps) {
  const size_t rank = shape.rank();
  if (starts.size() != rank || counts.size() != rank || steps.size() != rank) {
    s.argument_error("starts, counts and steps must have one entry for each of the ", rank, " axes of ", shape,
                     "; received ", starts.size(), ", ", counts.size(), " and ", steps.size());
  }
  Shape result;
  for (int i = 0; i < shape.rank(); ++i) {
    result.append(counts[i]);
    if (counts[i] == 0) continue;
    if (counts[i] > 1 && steps[i] == 0) s.argument_error("the step of axis ", i, " must not be 0");
    const __int128 last = starts[i] + static_cast<__int128>(counts[i] - 1) * steps[i];
    if (starts[i] < 0 || starts[i] >= shape[i] || last < 0 || last >= shape[i]) {
      s.argument_error("axis ", i, " has size ", shape[i], "; received start ", starts[i], ", count ", counts[i],
                       " and step ", steps[i], ", which leads outside");
    }
  }
  return result;
}

Var slice_backward(const Var& dy, const SliceAttributes& a, const Shape& shape) {
  return emit_one(op_definition(OpId::slice_backward), {dy},
                  Attributes::of(SliceBackwardAttributes{shape.vector(), a.starts, a.counts, a.steps}));
}

}  // namespace

Var slice(const Var& x, const Ints& starts, const Ints& counts, const Ints& steps) {
  const int rank = x.shape().rank();
  if (counts == x.shape().vector() && starts == Ints(rank, 0) && steps == Ints(rank, 1)) return x;
  return emit_one(op_definition(OpId::slice), {x}, Attributes::of(SliceAttributes{starts, counts, steps}));
}

OpDef define_slice() {
  using A = SliceAttributes;
  return {
      .signature = Signature("slice", "A block of x, or every step-th element of one.")
                       .input("x", "any shape")
                       .output("y", "of shape `counts`")
                       .attribute("starts", &A::starts, "for each axis the first element taken")
                       .attribute("counts", &A::counts, "for each axis how many are taken")
                       .attribute("steps", &A::steps, "for each axis the distance to the next; not 0, may be negative"),
      .infer =
          [](InferScope& s) {
            const auto& a = s.attributes<A>();
            s.add_output({s.input(0).dtype, check_slice(s, s.input(0).shape, a.starts, a.counts, a.steps)});
          },
      .gradient =
          [](const GradientScope& g) { return Vars{slice_backward(g.dy(), g.attributes<A>(), g.input(0).shape())}; },
      .decompose = nullptr,
      .traits = Traits().any_storage(),
  };
}

OpDef define_slice_backward() {
  using A = SliceBackwardAttributes;
  return {
      .signature = Signature("slice_backward", "dy at its place in a tensor of zeros: the gradient of slice.")
                       .input("dy", "of shape `counts`")
                       .output("dx", "of `shape`")
                       .attribute("shape", &A::shape, "sizes of the tensor that was sliced")
                       .attribute("starts", &A::starts, "as in slice")
                       .attribute("counts", &A::counts, "as in slice")
                       .attribute("steps", &A::steps, "as in slice"),
      .infer =
          [](InferScope& s) {
            const auto& a = s.attributes<A>();
            const Shape shape(a.shape), taken = check_slice(s, shape, a.starts, a.counts, a.steps);
            if (s.input(0).shape != taken) {
              s.shape_error("dy must have shape ", taken, "; received ", s.input(0).shape);
            }
            s.add_output({s.input(0).dtype, shape});
          },
      .gradient =
          [](const GradientScope& g) {
            const auto& a = g.attributes<A>();
            return Vars{slice(g.dy(), a.starts, a.counts, a.steps)};
          },
      .decompose = nullptr,
      .traits = Traits().any_storage(),
  };
}

}  // namespace gradmill
