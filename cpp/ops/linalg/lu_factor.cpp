// Rows of a are exchanged so that P a = L U. With both gradients in one matrix G,
// da = P' L^-T [tril(L' G, -1) + triu(G U')] U^-T.
#include "ops/build.h"
#include "ops/indexing/take_along_axis.h"
#include "ops/linalg/factorizations.h"
#include "ops/linalg/matrix_shapes.h"

namespace gradmill {

OpDef define_lu_factor() {
  return {
      .signature = Signature("lu_factor", "L and U of P a = L U, by elimination with exchanges of rows.")
                       .input("a", "(..., m, n)")
                       .output("lu", "shape of a: U, and below the diagonal L, whose own diagonal is one")
                       .output("pivots", "int32 (..., min(m, n)): with which row each was exchanged, in order")
                       .output("permutation", "int32 (..., m): for each row of P a, the row of a"),
      .infer =
          [](InferScope& s) {
            check_matrix(s, 0, false);
            const TensorType& a = s.input(0);
            const int64_t m = a.shape[a.shape.rank() - 2], n = a.shape.back();
            s.add_output(a);
            s.add_output(vector_type(a, m < n ? m : n, DType::int32));
            s.add_output(vector_type(a, m, DType::int32));
          },
      .gradient =
          [](const GradientScope& g) {
            const Var &lu = g.output(0), &dy = g.dy(0);
            if (!dy) return Vars(1);
            const Shape& shape = lu.shape();
            const int64_t n = shape.back();
            if (shape[shape.rank() - 2] != n) {
              throw UnsupportedError(text("lu_factor: the gradient exists for square matrices; received shape ", shape));
            }
            const Var l = band(lu, -n, -1) + identity_matrix(n, lu.dtype()), u = band(lu, 0, n);
            const Var inner = band(matmul(l, band(dy, -n, -1), true, false), -n, -1) +
                              band(matmul(band(dy, 0, n), u, false, true), 0, n);
            const Var left = solve_triangular(lu, inner, true, true, true);
            // X = Y U^-T is U X' = Y'.
            const Var exchanged = swap_last_axes(solve_triangular(lu, swap_last_axes(left), false));
            const Var places = broadcast_to(as_columns(g.output(2)), shape);
            return Vars{take_along_axis_backward(places, exchanged, shape, shape.rank() - 2)};
          },
      .decompose = nullptr,
      .traits = Traits().floats(),
  };
}

}  // namespace gradmill
