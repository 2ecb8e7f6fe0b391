#include "ops/linalg/matmul.h"

#include "base/check.h"
#include "ops/build.h"
#include "ops/elementwise/tile_group.h"
#include "registry/input_conversion.h"

namespace gradmill {
namespace {

Shape batch_shape(const Shape& shape) {
  Shape result;
  for (int i = 0; i + 2 < shape.rank(); ++i) result.append(shape[i]);
  return result;
}

TensorType product_type(InferScope& s) {
  const auto& a = s.attributes<MatmulAttributes>();
  s.check_rank(0, 2);
  s.check_rank(1, 2);
  const Shape &x = s.input(0).shape, &y = s.input(1).shape;
  const int64_t m = x[x.rank() - (a.transpose_a ? 1 : 2)], k = x[x.rank() - (a.transpose_a ? 2 : 1)];
  const int64_t other_k = y[y.rank() - (a.transpose_b ? 1 : 2)], n = y[y.rank() - (a.transpose_b ? 2 : 1)];
  if (k != other_k) {
    s.shape_error("the inner sizes must be equal; received shapes ", x, a.transpose_a ? " (transposed)" : "", " and ", y,
                  a.transpose_b ? " (transposed)" : "", ", which give ", k, " and ", other_k);
  }
  Shape shape = broadcast_shapes(batch_shape(x), batch_shape(y), s.op());
  shape.append(m);
  shape.append(n);
  const DType dtype = s.input(0).dtype, other = s.input(1).dtype;
  if (dtype != other && !(a.rounds_b && is_half(dtype) && other == DType::float32)) {
    s.dtype_error("a and b must have one dtype; received ", name_of(dtype), " and ", name_of(other));
  }
  return {a.wide && is_half(dtype) ? DType::float32 : dtype, shape};
}

}  // namespace

Var matmul(const Var& a, const Var& b, bool transpose_a, bool transpose_b) {
  return emit_one(op_definition(OpId::matmul), {a, b}, Attributes::of(MatmulAttributes{transpose_a, transpose_b, false, false, nullptr}));
}

OpDef define_matmul() {
  return {
      .signature = Signature("matmul", "Matrix product over the last two axes; leading axes are broadcast.")
                       .input("a", "(..., m, k), or (..., k, m) with transpose_a")
                       .inputs("b", "(..., k, n), or (..., n, k) with transpose_b")
                       .output("y", "(..., m, n)")
                       .attribute("transpose_a", &MatmulAttributes::transpose_a, "swap the last two axes of a")
                       .attribute("transpose_b", &MatmulAttributes::transpose_b, "swap the last two axes of b")
                       .attribute("rounds_b", &MatmulAttributes::rounds_b, "b counts as rounded to the type of a; made by the compiler")
                       .attribute("wide", &MatmulAttributes::wide, "give the product of 16-bit factors in float32")
                       .attribute("epilogue", &MatmulAttributes::epilogue, "elementwise ops on the product; made by the compiler"),
      .infer =
          [](InferScope& s) {
            const TensorType product = product_type(s);
            const auto& epilogue = s.attributes<MatmulAttributes>().epilogue;
            if (!epilogue) {
              if (s.input_count() != 2) s.argument_error("expected 2 inputs; received ", s.input_count());
              s.add_output(product);
              return;
            }
            GM_CHECK(epilogue->shape == product.shape, "an epilogue of shape ", epilogue->shape);
            for (int value : epilogue->outputs) s.add_output(epilogue->values[value].type);
          },
      .gradient =
          [](const GradientScope& g) {
            const auto& at = g.attributes<MatmulAttributes>();
            GM_CHECK(!at.epilogue, "the gradient of a compiled product");
            const Var &a = g.input(0), &b = g.input(1), dy = converted(g.dy(), a.dtype());
            Vars result(2);
            if (g.needs(0)) {  // y = A B: dA = dy B', dB = A' dy; a transposed factor gets the transposed gradient
              const Var da = at.transpose_a ? matmul(b, dy, at.transpose_b, true) : matmul(dy, b, false, !at.transpose_b);
              result[0] = sum_to(da, a.shape());
            }
            const int last = a.shape().rank() - 1;
            if (g.needs(1) && last > 1 && b.shape().rank() == 2 && !at.transpose_a) {
              // One right factor for all rows: one product, not a batch of them whose results are added.
              int64_t rows = 1;
              for (int i = 0; i < last; ++i) rows *= a.shape()[i];
              const Var flat = reshape(a, {rows, a.shape()[last]}), flat_dy = reshape(dy, {rows, dy.shape()[last]});
              result[1] = at.transpose_b ? matmul(flat_dy, flat, true, false) : matmul(flat, flat_dy, true, false);
            } else if (g.needs(1)) {
              const Var db = at.transpose_b ? matmul(dy, a, true, at.transpose_a) : matmul(a, dy, !at.transpose_a, false);
              result[1] = sum_to(db, b.shape());
            }
            return result;
          },
      .decompose = nullptr,
      .traits = Traits().promote().floats().any_storage(),
  };
}

}  // namespace gradmill
