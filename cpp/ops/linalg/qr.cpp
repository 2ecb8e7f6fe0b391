// Q R = a with orthonormal columns in Q and an upper triangle R. With M = R dR' - dQ' Q the gradient is
// (dQ + Q copyltu(M)) R^-T, where copyltu mirrors the lower triangle (Walter, Lehmann and Lamour 2012).
#include "ops/build.h"
#include "ops/linalg/factorizations.h"
#include "ops/linalg/matrix_shapes.h"

namespace gradmill {

OpDef define_qr() {
  return {
      .signature = Signature("qr", "Q and R of a = Q R: orthonormal columns and an upper triangle.")
                       .input("a", "(..., m, n)")
                       .output("q", "(..., m, k), k = min(m, n), or m with complete")
                       .output("r", "(..., k, n)")
                       .attribute("complete", &QrAttributes::complete, "make q square")
                       .reference("Walter, Lehmann and Lamour 2012"),
      .infer =
          [](InferScope& s) {
            check_matrix(s, 0, false);
            const TensorType& a = s.input(0);
            const int64_t m = a.shape[a.shape.rank() - 2], n = a.shape.back();
            const int64_t k = s.attributes<QrAttributes>().complete || m < n ? m : n;
            s.add_output(matrix_type(a, m, k));
            s.add_output(matrix_type(a, k, n));
          },
      .gradient =
          [](const GradientScope& g) {
            const Var &q = g.output(0), &r = g.output(1), &dq = g.dy(0);
            const int64_t k = q.shape().back(), n = r.shape().back();
            const Var dr = g.dy(1) ? band(g.dy(1), 0, n) : Var();
            if (k != n) {
              throw UnsupportedError(text("qr: the gradient exists for the reduced form of matrices with no more columns "
                                          "than rows; received q ", q.shape(), " and r ", r.shape()));
            }
            Var m;
            if (dr) m = matmul(r, dr, false, true);
            if (dq) {
              const Var part = matmul(dq, q, true, false);
              m = m ? m - part : -part;
            }
            const Var mirrored = band(m, -n, 0) + swap_last_axes(band(m, -n, -1));
            const Var moved = matmul(q, mirrored), whole = dq ? dq + moved : moved;
            // X = Y R^-T is R X' = Y'.
            return Vars{swap_last_axes(solve_triangular(r, swap_last_axes(whole), false))};
          },
      .decompose = nullptr,
      .traits = Traits().floats(),
  };
}

}  // namespace gradmill
