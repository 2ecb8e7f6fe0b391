// Eigenvalues and eigenvectors of symmetric matrices. With F_ij = 1 / (w_j - w_i) off the diagonal the gradient is
// V (diag(dw) + F * V' dV) V' (Giles 2008), seen from the one triangle that is read.
#include "ops/build.h"
#include "ops/linalg/factorizations.h"
#include "ops/linalg/matrix_shapes.h"

namespace gradmill {

OpDef define_eigh() {
  return {
      .signature = Signature("eigh", "Eigenvalues in ascending order and eigenvectors of symmetric matrices.")
                       .input("a", "(..., n, n); the lower triangle is read")
                       .output("w", "(..., n)")
                       .output("v", "(..., n, n), vectors in columns; NaN where a is not finite")
                       .reference("Giles 2008"),
      .infer =
          [](InferScope& s) {
            check_matrix(s, 0, true);
            const TensorType& a = s.input(0);
            s.add_output(vector_type(a, a.shape.back(), a.dtype));
            s.add_output(a);
          },
      .gradient =
          [](const GradientScope& g) {
            const Var &w = g.output(0), &v = g.output(1), &dw = g.dy(0), &dv = g.dy(1);
            const int64_t n = v.shape().back();
            Var inner;
            if (dw) inner = as_rows(dw) * identity_matrix(n, v.dtype());
            if (dv) {  // of equal eigenvalues the vectors may be any of a plane: they have no gradient
              const Var part = divide_no_nan(matmul(v, dv, true, false), as_rows(w) - as_columns(w));
              inner = inner ? inner + part : part;
            }
            const Var s = matmul(matmul(v, inner), v, false, true), both = s + swap_last_axes(s);
            return Vars{band(both, -n, 0) - 0.5 * band(both, 0, 0)};
          },
      .decompose = nullptr,
      .traits = Traits().floats(),
  };
}

}  // namespace gradmill
