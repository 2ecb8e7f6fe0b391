// Images seen through affine maps, and the two adjoints: towards the images and towards the maps.
#include "ops/image/affine_sample.h"

#include "ops/build.h"
#include "ops/image/affine_places.h"

namespace gradmill {
namespace {

using A = AffineSampleAttributes;

Signature& describe(Signature& signature) {
  return signature.attribute("height", &A::height, "rows of the result")
      .attribute("width", &A::width, "columns of the result")
      .attribute("method", &A::method, "nearest or bilinear")
      .attribute("fill_mode", &A::fill_mode, "what lies outside: constant, nearest, wrap, mirror or reflect")
      .attribute("fill_value", &A::fill_value, "of constant");
}

Signature signature_of_sample() {
  Signature signature("affine_sample", "Images whose pixel in column x and row y is taken from column a0 x + a1 y + a2 "
                                       "and row b0 x + b1 y + b2 of the given ones.");
  signature.input("images", "(batch, rows, columns, channels)")
      .input("transform", "(batch, 6): a0, a1, a2, b0, b1, b2")
      .output("y", "(batch, height, width, channels)");
  return describe(signature);
}

Signature signature_of_gradient() {
  Signature signature("affine_sample_gradient", "The adjoint of affine_sample: dy added where it was taken from.");
  signature.input("dy", "what affine_sample gave")
      .input("transform", "what it was given")
      .output("dx", "(batch, height, width, channels), the images' size");
  return describe(signature);
}

Signature signature_of_transform_gradient() {
  Signature signature("affine_sample_transform_gradient",
                      "What affine_sample's dy says about the map: zero for the nearest pixel, which does not change.");
  signature.input("images", "what affine_sample was given")
      .input("transform", "what it was given")
      .input("dy", "what it gave")
      .output("dtransform", "(batch, 6)");
  return describe(signature);
}

void check(const InferScope& s) {
  s.check_rank(0, 4, 4);
  s.check_float(0);
  const auto& a = s.attributes<A>();
  if (baseline::affine_method(a.method.c_str()) < 0) {
    s.argument_error("method must be nearest or bilinear; received '", a.method, "'");
  }
  if (baseline::affine_fill(a.fill_mode.c_str()) < 0) {
    s.argument_error("fill_mode must be constant, nearest, wrap, mirror or reflect; received '", a.fill_mode, "'");
  }
  constexpr int64_t limit = int64_t{1} << 24;
  const Shape& x = s.input(0).shape;
  if (a.height < 1 || a.height > limit || a.width < 1 || a.width > limit) {
    s.argument_error("height and width must be 1 to 2^24; received ", a.height, " and ", a.width);
  }
  if (x[1] < 1 || x[1] > limit || x[2] < 1 || x[2] > limit) {
    s.shape_error("images must have 1 to 2^24 rows and columns; received shape ", x);
  }
  if (s.input(1).shape != Shape{x[0], 6}) {
    s.shape_error("transform must have shape ", Shape{x[0], 6}, "; received ", s.input(1).shape);
  }
}

Shape of_size(const Shape& x, const A& a) { return {x[0], a.height, a.width, x[3]}; }

// The attributes of a call whose result has the size of `x`.
A sized_like(A a, const Shape& x) {
  a.height = x[1];
  a.width = x[2];
  return a;
}

}  // namespace

OpDef define_affine_sample() {
  return {
      .signature = signature_of_sample(),
      .infer =
          [](InferScope& s) {
            check(s);
            s.add_output({s.input(0).dtype, of_size(s.input(0).shape, s.attributes<A>())});
          },
      .gradient =
          [](const GradientScope& g) {
            const A& a = g.attributes<A>();
            const Var &x = g.input(0), &transform = g.input(1);
            Var dx, dtransform;
            if (g.needs(0)) {
              dx = emit_one(op_definition(OpId::affine_sample_gradient), {g.dy(), transform},
                            Attributes::of(sized_like(a, x.shape())));
            }
            if (g.needs(1)) {
              dtransform = emit_one(op_definition(OpId::affine_sample_transform_gradient), {x, transform, g.dy()},
                                    Attributes::of(a));
            }
            return Vars{dx, dtransform};
          },
      .decompose = nullptr,
      .traits = Traits().promote().floats(),
  };
}

OpDef define_affine_sample_gradient() {
  return {
      .signature = signature_of_gradient(),
      .infer =
          [](InferScope& s) {
            check(s);
            s.add_output({s.input(0).dtype, of_size(s.input(0).shape, s.attributes<A>())});
          },
      .gradient =
          [](const GradientScope& g) {
            if (!g.needs(0)) return Vars(2);
            A a = sized_like(g.attributes<A>(), g.input(0).shape());
            a.fill_value = 0;  // a constant border has no part in the gradient
            return Vars{emit_one(op_definition(OpId::affine_sample), {g.dy(), g.input(1)}, Attributes::of(a)), Var()};
          },
      .decompose = nullptr,
      .traits = Traits().promote().floats(),
  };
}

OpDef define_affine_sample_transform_gradient() {
  return {
      .signature = signature_of_transform_gradient(),
      .infer =
          [](InferScope& s) {
            check(s);
            const Shape dy = of_size(s.input(0).shape, s.attributes<A>());
            if (s.input(2).shape != dy) s.shape_error("dy must have shape ", dy, "; received ", s.input(2).shape);
            s.add_output(s.input(1));
          },
      .gradient = nullptr,
      .decompose = nullptr,
      .traits = Traits().promote().floats(),
  };
}

}  // namespace gradmill
