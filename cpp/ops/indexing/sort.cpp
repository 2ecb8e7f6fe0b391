// sort and argsort.
#include "ops/indexing/sort.h"

#include "ops/build.h"
#include "ops/indexing/take_along_axis.h"

namespace gradmill {
namespace {

using A = SortAttributes;

void check(InferScope& s) {
  s.check_rank(0, 1);
  const Shape& x = s.input(0).shape;
  const int axis = s.axis(s.attributes<A>().axis, x.rank());
  if (x[axis] > INT32_MAX) s.shape_error("axis ", axis, " of x ", x, " is too long for int32 positions");
}

Signature sort_signature(const char* name, const char* text, const char* result) {
  return Signature(name, text)
      .input("x", "rank >= 1")
      .output("y", result)
      .attribute("axis", &A::axis, "axis to sort along")
      .attribute("descending", &A::descending, "largest first; NaN is last in either order");
}

}  // namespace

OpDef define_sort() {
  return {
      .signature = sort_signature("sort", "The elements in order along `axis`; equal ones stay in order, NaN is last.",
                                  "same shape and dtype as x"),
      .infer =
          [](InferScope& s) {
            check(s);
            s.add_output(s.input(0));
          },
      .gradient =
          [](const GradientScope& g) {  // each gradient goes back to the place its element came from
            const Var& x = g.input(0);
            if (!is_float(x.dtype())) return Vars(1);
            const Var places = emit_one(op_definition(OpId::argsort), {x}, g.all_attributes());
            return Vars{take_along_axis_backward(places, g.dy(), x.shape(), g.attributes<A>().axis)};
          },
      .decompose = nullptr,
      .traits = Traits(),
  };
}

OpDef define_argsort() {
  return {
      .signature = sort_signature("argsort", "The places of the elements in the order that sort puts them in.",
                                  "int32, same shape as x"),
      .infer =
          [](InferScope& s) {
            check(s);
            s.add_output({DType::int32, s.input(0).shape});
          },
      .gradient = nullptr,
      .decompose = nullptr,
      .traits = Traits(),
  };
}

}  // namespace gradmill
