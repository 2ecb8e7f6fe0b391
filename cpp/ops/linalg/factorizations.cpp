// What the definitions of this family share.
#include "ops/linalg/factorizations.h"

#include "ops/build.h"

namespace gradmill {
namespace {

Var with_axis(const Var& x, int place) {
  Shape shape;
  for (int i = 0; i < x.shape().rank(); ++i) {
    if (i == place) shape.append(1);
    shape.append(x.shape()[i]);
  }
  if (place == x.shape().rank()) shape.append(1);
  return reshape(x, shape);
}

}  // namespace

Var identity_matrix(int64_t rows, DType dtype) {
  const Var places = iota(rows, DType::int32);
  return cast(equal(reshape(places, {rows, 1}), reshape(places, {1, rows})), dtype);
}

Var band(const Var& x, int64_t first, int64_t last) {
  const Shape& shape = x.shape();
  const int64_t rows = shape[shape.rank() - 2], columns = shape.back();
  const Var offset = reshape(iota(columns, DType::int32), {1, columns}) - reshape(iota(rows, DType::int32), {rows, 1});
  const Var inside = logical_and(greater_equal(offset, static_cast<double>(first)), less_equal(offset, static_cast<double>(last)));
  return where(inside, x, 0.0);
}

Var diagonals(const Var& x) { return sum(band(x, 0, 0), {x.shape().rank() - 1}); }
Var as_columns(const Var& x) { return with_axis(x, x.shape().rank()); }
Var as_rows(const Var& x) { return with_axis(x, x.shape().rank() - 1); }

Var solve_triangular(const Var& a, const Var& b, bool lower, bool transpose, bool unit_diagonal) {
  return emit_one(op_definition(OpId::solve_triangular), {a, b},
                  Attributes::of(SolveTriangularAttributes{lower, transpose, unit_diagonal}));
}

Var solve(const Var& a, const Var& b) { return emit_one(op_definition(OpId::solve), {a, b}); }

}  // namespace gradmill
