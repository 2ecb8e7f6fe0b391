// Elementwise ops that are not formulas: conversion, broadcasting, counting, and the fused node.
#include "base/check.h"
#include "ops/build.h"
#include "ops/elementwise/elementwise.h"
#include "ops/elementwise/tile_group.h"

namespace gradmill {

Var scalar(double value, DType dtype) { return Var(Tensor::scalar(value, dtype)); }

Var cast(const Var& x, DType dtype) { return converted(x, dtype); }

Var broadcast_to(const Var& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return emit_one(op_definition(OpId::broadcast_to), {x}, Attributes::of(BroadcastAttributes{shape.vector()}));
}

Var sum_to(const Var& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  Ints axes;
  const int extra = x.shape().rank() - shape.rank();
  for (int i = 0; i < x.shape().rank(); ++i) {
    if (i < extra || (shape[i - extra] == 1 && x.shape()[i] != 1)) axes.push_back(i);
  }
  return reshape(axes.empty() ? x : sum(x, axes, true), shape);
}

Var iota(int64_t length, DType dtype) {
  return emit_one(op_definition(OpId::iota), {}, Attributes::of(IotaAttributes{length, dtype}));
}

Var stop_gradient(const Var& x) { return emit_one(op_definition(OpId::stop_gradient), {x}); }

Var full(double value, const TensorType& type) { return broadcast_to(scalar(value, type.dtype), type.shape); }
Var zeros(const TensorType& type) { return full(0, type); }

OpDef define_cast() {
  return {
      .signature = Signature("cast", "The same values in another dtype. Floats become integers by truncation.")
                       .input("x", "any shape")
                       .output("y", "same shape, the new dtype")
                       .attribute("dtype", &CastAttributes::dtype, "the new dtype"),
      .infer = [](InferScope& s) { s.add_output({s.attributes<CastAttributes>().dtype, s.input(0).shape}); },
      .gradient =
          [](const GradientScope& g) {
            if (!is_float(g.input(0).dtype()) || !is_float(g.output(0).dtype())) return Vars(1);
            return Vars{cast(g.dy(), g.input(0).dtype())};
          },
      .decompose = nullptr,
      .traits = Traits().any_storage().recompute(),
  };
}

OpDef define_broadcast_to() {
  return {
      .signature = Signature("broadcast_to", "x repeated along axes of size one, and along new axes in front.")
                       .input("x", "a shape that broadcasts to `shape`")
                       .output("y", "of `shape`")
                       .attribute("shape", &BroadcastAttributes::shape, "the result's sizes"),
      .infer =
          [](InferScope& s) {
            const Shape shape(s.attributes<BroadcastAttributes>().shape);
            if (s.input(0).shape.rank() > shape.rank() ||
                broadcast_shapes(s.input(0).shape, shape, s.op()) != shape) {
              s.shape_error("x of shape ", s.input(0).shape, " cannot be broadcast to ", shape);
            }
            s.add_output({s.input(0).dtype, shape});
          },
      .gradient = [](const GradientScope& g) { return Vars{sum_to(g.dy(), g.input(0).shape())}; },
      .decompose = nullptr,
      .traits = Traits().any_storage().recompute(),
  };
}

OpDef define_iota() {
  return {
      .signature = Signature("iota", "The numbers 0, 1, 2, ...")
                       .output("y", "(length,)")
                       .attribute("length", &IotaAttributes::length, "how many numbers")
                       .attribute("dtype", &IotaAttributes::dtype, "their dtype"),
      .infer =
          [](InferScope& s) {
            const auto& a = s.attributes<IotaAttributes>();
            if (a.length < 0) s.argument_error("length must not be negative; received ", a.length);
            if (a.dtype == DType::boolean) s.dtype_error("bool cannot count");
            s.add_output({a.dtype, Shape{a.length}});
          },
      .gradient = nullptr,
      .decompose = nullptr,
      .traits = Traits().any_storage(),
  };
}

OpDef define_stop_gradient() {
  return {
      .signature = Signature("stop_gradient", "x itself, through which no gradient flows.")
                       .input("x", "any shape")
                       .output("y", "same as x"),
      .infer = [](InferScope& s) { s.add_output(s.input(0)); },
      .gradient = nullptr,
      .decompose = nullptr,
      .traits = Traits().view(),
  };
}

// Made by the pass fuse_tiles; it knows the types of its outputs, and its gradient is never asked for.
OpDef define_fused_tile() {
  return {
      .signature = Signature("fused_tile", "Several elementwise ops in one pass over memory; made by the compiler.")
                       .inputs("inputs", "values read")
                       .output("outputs", "values written")
                       .attribute("group", &FusedTileAttributes::group, "the ops"),
      .infer =
          [](InferScope& s) {
            const auto& group = s.attributes<FusedTileAttributes>().group;
            GM_CHECK(group, "a fused node without its ops");
            for (int value : group->outputs) s.add_output(group->values[value].type);
          },
      .gradient = nullptr,
      .decompose = nullptr,
      .traits = Traits().any_storage(),
  };
}

}  // namespace gradmill
