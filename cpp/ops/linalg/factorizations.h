// Attributes and builders of the ops that take matrices apart, and of those made of them.
#pragma once

#include "registry/attributes.h"
#include "registry/var.h"

namespace gradmill {

struct SolveTriangularAttributes {
  bool lower = false;
  bool transpose = false;
  bool unit_diagonal = false;
};

struct QrAttributes {
  bool complete = false;
};

struct SvdAttributes {
  bool full_matrices = true;
};

// X of op(a) X = b, where a is one triangle of what is given.
Var solve_triangular(const Var& a, const Var& b, bool lower, bool transpose = false, bool unit_diagonal = false);
// X of a X = b.
Var solve(const Var& a, const Var& b);

// 1 on the diagonal of matrices with so many rows.
Var identity_matrix(int64_t rows, DType dtype);
// The entries from the diagonal `first` to the diagonal `last`, zeros elsewhere.
Var band(const Var& x, int64_t first, int64_t last);
// The diagonals of square matrices as vectors, and vectors as columns.
Var diagonals(const Var& x);
Var as_columns(const Var& x);
Var as_rows(const Var& x);

}  // namespace gradmill
