// What elimination gives: solutions and determinants. Their own gradients are shorter than that of the factors.
#include "ops/build.h"
#include "ops/indexing/take_along_axis.h"
#include "ops/linalg/factorizations.h"
#include "ops/linalg/matrix_shapes.h"

namespace gradmill {
namespace {

Vars factors(const Var& a) { return emit(op_definition(OpId::lu_factor), {a}, {}); }

// 1 or -1: whether the number of exchanges is even.
Var parity(const Var& pivots, DType dtype) {
  const Var moved = cast(not_equal(pivots, iota(pivots.shape().back(), DType::int32)), DType::int32);
  return 1.0 - 2.0 * cast(mod(sum(moved, {pivots.shape().rank() - 1}), 2.0), dtype);
}

// The transpose of the inverse.
Var inverse_transposed(const Var& a) {
  return solve(swap_last_axes(a), broadcast_to(identity_matrix(a.shape().back(), a.dtype()), a.shape()));
}

}  // namespace

OpDef define_solve() {
  return {
      .signature = Signature("solve", "X of a X = b.")
                       .input("a", "(..., n, n)")
                       .input("b", "(..., n, k), leading axes as a")
                       .output("x", "shape of b; infinite or NaN for singular matrices"),
      .infer =
          [](InferScope& s) {
            check_matrix(s, 0, true);
            check_right_side(s);
            s.add_output(s.input(1));
          },
      .gradient =
          [](const GradientScope& g) {  // db = a^-T dy, da = -db x'
            const Var db = solve(swap_last_axes(g.input(0)), g.dy());
            return Vars{g.needs(0) ? -matmul(db, g.output(0), false, true) : Var(), db};
          },
      .decompose =
          [](const OpScope& s) {
            const Vars found = factors(s.input(0));
            const Var& b = s.input(1);
            const Var exchanged = take_along_axis(b, broadcast_to(as_columns(found[2]), b.shape()), b.shape().rank() - 2);
            return Vars{solve_triangular(found[0], solve_triangular(found[0], exchanged, true, false, true), false)};
          },
      .traits = Traits().promote().floats(),
  };
}

OpDef define_det() {
  return {
      .signature = Signature("det", "Determinants of square matrices.").input("a", "(..., n, n)").output("y", "(...)"),
      .infer =
          [](InferScope& s) {
            check_matrix(s, 0, true);
            s.add_output({s.input(0).dtype, batch_of(s.input(0).shape)});
          },
      .gradient =
          [](const GradientScope& g) {
            return Vars{as_columns(as_columns(g.dy() * g.output(0))) * inverse_transposed(g.input(0))};
          },
      .decompose =
          [](const OpScope& s) {
            const Vars found = factors(s.input(0));
            const Var diagonal = diagonals(found[0]);
            return Vars{prod(diagonal, {diagonal.shape().rank() - 1}) * parity(found[1], diagonal.dtype())};
          },
      .traits = Traits().floats(),
  };
}

OpDef define_slogdet() {
  return {
      .signature = Signature("slogdet", "Determinants as their signs and the logarithms of their absolute values.")
                       .input("a", "(..., n, n)")
                       .output("sign", "(...): 1, -1, or 0 for singular matrices")
                       .output("logarithm", "(...): minus infinity for singular matrices"),
      .infer =
          [](InferScope& s) {
            check_matrix(s, 0, true);
            const TensorType each{s.input(0).dtype, batch_of(s.input(0).shape)};
            s.add_output(each);
            s.add_output(each);
          },
      .gradient =
          [](const GradientScope& g) {
            if (!g.dy(1)) return Vars(1);
            return Vars{as_columns(as_columns(g.dy(1))) * inverse_transposed(g.input(0))};
          },
      .decompose =
          [](const OpScope& s) {
            const Vars found = factors(s.input(0));
            const Var diagonal = diagonals(found[0]);
            const Ints last{diagonal.shape().rank() - 1};
            return Vars{prod(sign(diagonal), last) * parity(found[1], diagonal.dtype()), sum(log(abs(diagonal)), last)};
          },
      .traits = Traits().floats(),
  };
}

}  // namespace gradmill
