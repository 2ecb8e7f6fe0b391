// What the ops of this family ask of their inputs.
#pragma once

#include "registry/op_def.h"

namespace gradmill {

// The sizes before the last two.
inline Shape batch_of(const Shape& shape) {
  Shape batch;
  for (int i = 0; i + 2 < shape.rank(); ++i) batch.append(shape[i]);
  return batch;
}

inline TensorType matrix_type(const TensorType& of, int64_t rows, int64_t columns) {
  Shape shape = batch_of(of.shape);
  shape.append(rows);
  shape.append(columns);
  return {of.dtype, shape};
}

inline TensorType vector_type(const TensorType& of, int64_t size, DType dtype) {
  Shape shape = batch_of(of.shape);
  shape.append(size);
  return {dtype, shape};
}

inline void check_matrix(InferScope& s, int input, bool square) {
  s.check_rank(input, 2);
  s.check_float(input);
  const Shape& shape = s.input(input).shape;
  if (shape[shape.rank() - 2] == 0 || shape.back() == 0) {
    s.shape_error("expected matrices with rows and columns; received shape ", shape);
  }
  if (square && shape[shape.rank() - 2] != shape.back()) {
    s.shape_error("expected square matrices (..., n, n); received shape ", shape);
  }
}

inline void check_right_side(InferScope& s) {
  s.check_rank(1, 2);
  const Shape &a = s.input(0).shape, &b = s.input(1).shape;
  if (batch_of(a) != batch_of(b) || b[b.rank() - 2] != a.back()) {
    s.shape_error("expected a (..., n, n) and b (..., n, k) with equal leading axes; received shapes ", a, " and ", b);
  }
}

}  // namespace gradmill
