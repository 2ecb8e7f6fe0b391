#include "ops/shape/transpose.h"

#include "ops/build.h"

namespace gradmill {
namespace {

// Non-negative, and complete when the attribute is empty. Says false when it is no permutation.
bool resolve(const Ints& permutation, int rank, Ints& axes) {
  axes.clear();
  if (permutation.empty()) {
    for (int i = rank; i-- > 0;) axes.push_back(i);
    return true;
  }
  std::vector<bool> seen(rank);
  for (int64_t axis : permutation) {
    if (axis < -rank || axis >= rank) return false;
    axes.push_back(axis < 0 ? axis + rank : axis);
    if (seen[axes.back()]) return false;
    seen[axes.back()] = true;
  }
  return static_cast<int>(axes.size()) == rank;
}

}  // namespace

Var transpose(const Var& x, const Ints& permutation) {
  return emit_one(op_definition(OpId::transpose), {x}, Attributes::of(TransposeAttributes{permutation}));
}

Var swap_last_axes(const Var& x) {
  const int rank = x.shape().rank();
  Ints axes;
  for (int i = 0; i < rank; ++i) axes.push_back(i);
  std::swap(axes[rank - 1], axes[rank - 2]);
  return transpose(x, axes);
}

OpDef define_transpose() {
  return {
      .signature =
          Signature("transpose", "x with its axes in another order.")
              .input("x", "any shape")
              .output("y", "axis i is axis permutation[i] of x")
              .attribute("permutation", &TransposeAttributes::permutation, "the order; empty reverses the axes"),
      .infer =
          [](InferScope& s) {
            const Ints& permutation = s.attributes<TransposeAttributes>().permutation;
            const Shape& x = s.input(0).shape;
            Ints axes;
            if (!resolve(permutation, x.rank(), axes)) {
              s.argument_error("permutation must name each of the ", x.rank(), " axes of x ", x, " once; received ",
                               to_string(AttributeValue(permutation)));
            }
            Shape shape;
            for (int64_t axis : axes) shape.append(x[static_cast<int>(axis)]);
            s.add_output({s.input(0).dtype, shape});
          },
      .gradient =
          [](const GradientScope& g) {
            Ints axes;
            resolve(g.attributes<TransposeAttributes>().permutation, g.input(0).shape().rank(), axes);
            Ints inverse(axes.size());
            for (size_t i = 0; i < axes.size(); ++i) inverse[axes[i]] = static_cast<int64_t>(i);
            return Vars{transpose(g.dy(), inverse)};
          },
      .decompose = nullptr,
      .traits = Traits().any_storage(),
  };
}

}  // namespace gradmill
