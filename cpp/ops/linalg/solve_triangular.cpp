#include "ops/build.h"
#include "ops/linalg/factorizations.h"
#include "ops/linalg/matrix_shapes.h"

namespace gradmill {

OpDef define_solve_triangular() {
  using A = SolveTriangularAttributes;
  return {
      .signature = Signature("solve_triangular", "X of op(a) X = b, where a is a triangle of what is given.")
                       .input("a", "(..., n, n); the other triangle is not read")
                       .input("b", "(..., n, k), leading axes as a")
                       .output("x", "shape of b; infinite or NaN where the diagonal has a zero")
                       .attribute("lower", &A::lower, "a is the lower triangle, else the upper one")
                       .attribute("transpose", &A::transpose, "solve a' X = b")
                       .attribute("unit_diagonal", &A::unit_diagonal, "the diagonal is one and not read"),
      .infer =
          [](InferScope& s) {
            check_matrix(s, 0, true);
            check_right_side(s);
            s.add_output(s.input(1));
          },
      .gradient =
          [](const GradientScope& g) {  // db = op(a)^-T dy, da = -db x' on the triangle (transposed for a')
            const auto& at = g.attributes<A>();
            const Var& x = g.output(0);
            const int64_t n = g.input(0).shape().back(), inner = at.unit_diagonal ? 1 : 0;
            const Var db = solve_triangular(g.input(0), g.dy(), at.lower, !at.transpose, at.unit_diagonal);
            Vars result(2);
            result[1] = db;
            if (g.needs(0)) {
              const Var da = -(at.transpose ? matmul(x, db, false, true) : matmul(db, x, false, true));
              result[0] = at.lower ? band(da, -n, -inner) : band(da, inner, n);
            }
            return result;
          },
      .decompose = nullptr,
      .traits = Traits().promote().floats(),
  };
}

}  // namespace gradmill
