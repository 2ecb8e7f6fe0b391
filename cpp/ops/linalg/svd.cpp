// a = U diag(s) V'. The gradient follows Townsend 2016, with F_ij = 1 / (s_j^2 - s_i^2) off the diagonal.
#include "ops/build.h"
#include "ops/linalg/factorizations.h"
#include "ops/linalg/matrix_shapes.h"

namespace gradmill {

OpDef define_svd() {
  return {
      .signature = Signature("svd", "Singular values in descending order, and the vectors of a = u diag(s) vt.")
                       .input("a", "(..., m, n)")
                       .output("u", "(..., m, k), k = min(m, n), or m with full_matrices")
                       .output("s", "(..., min(m, n))")
                       .output("vt", "(..., k, n), or (..., n, n); all NaN where a is not finite")
                       .attribute("full_matrices", &SvdAttributes::full_matrices, "make u and vt square")
                       .reference("Townsend 2016"),
      .infer =
          [](InferScope& s) {
            check_matrix(s, 0, false);
            const TensorType& a = s.input(0);
            const int64_t m = a.shape[a.shape.rank() - 2], n = a.shape.back(), k = m < n ? m : n;
            const bool full = s.attributes<SvdAttributes>().full_matrices;
            s.add_output(matrix_type(a, m, full ? m : k));
            s.add_output(vector_type(a, k, a.dtype));
            s.add_output(matrix_type(a, full ? n : k, n));
          },
      .gradient =
          [](const GradientScope& g) {
            const Var &u = g.output(0), &s = g.output(1), &vt = g.output(2), &du = g.dy(0), &ds = g.dy(1), &dvt = g.dy(2);
            const int64_t k = s.shape().back();
            if ((du || dvt) && (u.shape().back() != k || vt.shape()[vt.shape().rank() - 2] != k)) {
              throw UnsupportedError("svd: the gradient of the vectors exists with full_matrices=False");
            }
            // Of square matrices made full, the first columns belong to the singular values.
            const auto first = [&](const Var& x, bool rows) {
              Ints starts(x.shape().rank(), 0), counts = x.shape().vector(), steps(x.shape().rank(), 1);
              counts[counts.size() - (rows ? 2 : 1)] = k;
              return slice(x, starts, counts, steps);
            };
            const Var thin_u = first(u, false), thin_vt = first(vt, true), columns = as_columns(s), rows = as_rows(s);
            const Var gaps = rows * rows - columns * columns;
            Var inner;  // of what stands between u and vt
            if (ds) inner = as_rows(ds) * identity_matrix(k, s.dtype());
            Var outside;
            if (du) {
              const Var turned = matmul(u, du, true, false);
              const Var part = divide_no_nan(turned - swap_last_axes(turned), gaps) * rows;
              inner = inner ? inner + part : part;
              outside = matmul((du - matmul(u, turned)) / rows, vt);
            }
            if (dvt) {
              const Var turned = matmul(vt, dvt, false, true);
              const Var part = columns * divide_no_nan(turned - swap_last_axes(turned), gaps);
              inner = inner ? inner + part : part;
              const Var across = matmul(u, (dvt - matmul(turned, vt, true, false)) / columns);
              outside = outside ? outside + across : across;
            }
            const Var inside = matmul(matmul(thin_u, inner), thin_vt);
            return Vars{outside ? inside + outside : inside};
          },
      .decompose = nullptr,
      .traits = Traits().floats(),
  };
}

}  // namespace gradmill
