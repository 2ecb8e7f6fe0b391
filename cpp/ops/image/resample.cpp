// One axis of a tensor sampled at another number of places, and the adjoint. Images are resized by one call for each
// spatial axis: the filters are products of filters of one axis each.
#include "ops/image/resample.h"

#include "ops/build.h"
#include "ops/image/resample_weights.h"

namespace gradmill {
namespace {

using A = ResampleAttributes;
using G = ResampleGradientAttributes;

template <class Struct>
Signature& describe(Signature& signature) {
  typedef int64_t Struct::*Number;
  typedef std::string Struct::*Text;
  typedef bool Struct::*Flag;
  return signature.attribute("axis", Number(&Struct::axis), "the axis, >= 0 or counted from the end")
      .attribute("size", Number(&Struct::size), "places along it in the result")
      .attribute("method", Text(&Struct::method), "nearest, bilinear, bicubic, lanczos3 or lanczos5")
      .attribute("antialias", Flag(&Struct::antialias), "widen the filter when the result is smaller; not for nearest");
}

Signature signature_of_resample() {
  Signature signature("resample", "x at other places along one axis, whose elements are seen as cells of equal size.");
  signature.input("x", "any rank >= 1").output("y", "x's shape with `size` places along `axis`");
  return describe<A>(signature);
}

Signature signature_of_gradient() {
  Signature signature("resample_gradient", "The adjoint of resample: dy handed back with the same weights.");
  signature.input("dy", "what resample gave")
      .output("dx", "dy's shape with `input_size` places along `axis`")
      .attribute("input_size", &G::input_size, "places along the axis of what was resampled");
  return describe<G>(signature);
}

// Checks the attributes and returns the axis.
int check(const InferScope& s, const A& a, int64_t input_size, const char* of) {
  const int axis = s.axis(a.axis, s.input(0).shape.rank());
  if (baseline::resample_method(a.method.c_str()) < 0) {
    s.argument_error("method must be nearest, bilinear, bicubic, lanczos3 or lanczos5; received '", a.method, "'");
  }
  constexpr int64_t limit = int64_t{1} << 24;
  if (a.size < 1 || a.size > limit) s.argument_error("size must be 1 to 2^24; received ", a.size);
  if (input_size < 1 || input_size > limit) {
    s.shape_error("axis ", axis, " of ", of, " must have 1 to 2^24 places; received ", input_size);
  }
  return axis;
}

}  // namespace

OpDef define_resample() {
  return {
      .signature = signature_of_resample(),
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 1);
            s.check_float(0);
            const auto& a = s.attributes<A>();
            Ints shape = s.input(0).shape.vector();
            const int axis = check(s, a, shape[s.axis(a.axis, s.input(0).shape.rank())], "x");
            shape[axis] = a.size;
            s.add_output({s.input(0).dtype, Shape(shape)});
          },
      .gradient =
          [](const GradientScope& g) {
            const auto& a = g.attributes<A>();
            const Shape& x = g.input(0).shape();
            G attributes;
            static_cast<A&>(attributes) = a;
            attributes.input_size = x[a.axis < 0 ? a.axis + x.rank() : a.axis];
            return Vars{emit_one(op_definition(OpId::resample_gradient), {g.dy()}, Attributes::of(attributes))};
          },
      .decompose = nullptr,
      .traits = Traits().floats(),
  };
}

OpDef define_resample_gradient() {
  return {
      .signature = signature_of_gradient(),
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 1);
            s.check_float(0);
            const auto& a = s.attributes<G>();
            const int axis = check(s, a, a.input_size, "the input");
            Ints shape = s.input(0).shape.vector();
            if (shape[axis] != a.size) {
              s.shape_error("dy must have ", a.size, " places along axis ", axis, "; received shape ",
                            s.input(0).shape);
            }
            shape[axis] = a.input_size;
            s.add_output({s.input(0).dtype, Shape(shape)});
          },
      .gradient =
          [](const GradientScope& g) {
            const A attributes = g.attributes<G>();
            return Vars{emit_one(op_definition(OpId::resample), {g.dy()}, Attributes::of(attributes))};
          },
      .decompose = nullptr,
      .traits = Traits().floats(),
  };
}

}  // namespace gradmill
