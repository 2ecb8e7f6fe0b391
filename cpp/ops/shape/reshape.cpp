#include "ops/shape/reshape.h"

#include <algorithm>

#include "ops/build.h"

namespace gradmill {
namespace {

Shape resolved_shape(const InferScope& s) {
  const Ints& wanted = s.attributes<ReshapeAttributes>().shape;
  const Shape& x = s.input(0).shape;
  Ints sizes = wanted;
  __int128 known = 1;
  int open = -1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == -1) {
      if (open >= 0) s.argument_error("only one size may be -1; received ", to_string(AttributeValue(wanted)));
      open = static_cast<int>(i);
    } else if (sizes[i] < 0) {
      s.argument_error("sizes must be -1 or not negative; received ", to_string(AttributeValue(wanted)));
    } else {
      known = std::min<__int128>(known * sizes[i], int64_t{1} << 62);  // no tensor has more
    }
  }
  if (open >= 0) {
    if (known == 0 || x.elements() % known != 0) {
      s.shape_error("x of shape ", x, " has ", x.elements(),
                    " elements, which the product of the sizes other than -1 must divide; received ",
                    to_string(AttributeValue(wanted)));
    }
    sizes[open] = static_cast<int64_t>(x.elements() / known);
  }
  const Shape shape(sizes);
  if (shape.elements() != x.elements()) {
    s.shape_error("x of shape ", x, " has ", x.elements(), " elements, but shape ", shape, " needs ",
                  shape.elements());
  }
  return shape;
}

}  // namespace

Var reshape(const Var& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return emit_one(op_definition(OpId::reshape), {x}, Attributes::of(ReshapeAttributes{shape.vector()}));
}

OpDef define_reshape() {
  return {
      .signature = Signature("reshape", "The same elements in the same order, in another shape.")
                       .input("x", "any shape")
                       .output("y", "of `shape`")
                       .attribute("shape", &ReshapeAttributes::shape, "the new sizes; one may be -1: what is left"),
      .infer = [](InferScope& s) { s.add_output({s.input(0).dtype, resolved_shape(s)}); },
      .gradient = [](const GradientScope& g) { return Vars{reshape(g.dy(), g.input(0).shape())}; },
      .decompose = nullptr,
      .traits = Traits().view(),
  };
}

}  // namespace gradmill
