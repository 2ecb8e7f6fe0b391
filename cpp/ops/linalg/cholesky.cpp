// L of a = L L'. The gradient follows Murray 2016: with S = L^-T Phi(L' dL) L^-1, where Phi keeps the lower triangle and
// halves the diagonal, it is S + S' seen from the one triangle that is read.
#include "ops/build.h"
#include "ops/linalg/factorizations.h"
#include "ops/linalg/matrix_shapes.h"

namespace gradmill {

OpDef define_cholesky() {
  return {
      .signature = Signature("cholesky", "Lower triangular L of a = L L' for symmetric positive definite matrices.")
                       .input("a", "(..., n, n); the lower triangle is read")
                       .output("y", "shape of a; NaN for matrices that are not positive definite")
                       .reference("Murray 2016, arXiv:1602.07527"),
      .infer =
          [](InferScope& s) {
            check_matrix(s, 0, true);
            s.add_output(s.input(0));
          },
      .gradient =
          [](const GradientScope& g) {
            const Var &l = g.output(0);
            const int64_t n = l.shape().back();
            const Var product = matmul(l, band(g.dy(), -n, 0), true, false);
            const Var phi = band(product, -n, 0) - 0.5 * band(product, 0, 0);
            // L^-T phi L^-1: X L = Y is L' X' = Y'.
            const Var left = solve_triangular(l, phi, true, true);
            const Var s = swap_last_axes(solve_triangular(l, swap_last_axes(left), true, true));
            const Var both = s + swap_last_axes(s);
            return Vars{band(both, -n, 0) - 0.5 * band(both, 0, 0)};
          },
      .decompose = nullptr,
      .traits = Traits().floats(),
  };
}

}  // namespace gradmill
