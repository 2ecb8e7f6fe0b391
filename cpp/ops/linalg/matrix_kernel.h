// What the kernels of this family share: one unit of work is one matrix, which LAPACK takes column by column.
#pragma once

#include "cpu/axis_split.h"
#include "registry/kernel.h"
#include "runtime/lapack.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct MatrixParameters {
  int64_t rows, columns, other_columns;  // of the first input, and of the second or of what is made
  int work_size, place_count;
  bool flags[3];
};

const char* refuse_without_lapack(const KernelProblem& problem) {
  if (const char* reason = refuse_other_than_floats(problem)) return reason;
  for (int i = 0; i < problem.input_count; ++i) {
    const BufferType& x = problem.inputs[i];
    if (x.dims[x.rank - 1] > 32768 || x.dims[x.rank - 2] > 32768) return "a size beyond 32768";
  }
  return lapack_available() ? nullptr : "OpenBLAS with LAPACK was not found";
}

GM_INLINE MatrixParameters& prepare_matrices(const KernelProblem& problem, KernelPlan& plan, KernelFunction run) {
  const BufferType& a = problem.inputs[0];
  MatrixParameters& p = parameters_of<MatrixParameters>(plan);
  p = MatrixParameters();
  p.rows = a.dims[a.rank - 2];
  p.columns = a.dims[a.rank - 1];
  const double smaller = static_cast<double>(lesser(p.rows, p.columns));
  set_units(plan, run, a.elements / (p.rows * p.columns), static_cast<double>(a.elements) * smaller * 2);
  return p;
}

template <class T>
GM_INLINE void transpose_matrix(const T* from, int64_t rows, int64_t columns, T* to) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) to[j * rows + i] = from[i * columns + j];
  }
}

template <class T>
GM_INLINE void copy_numbers(const T* from, int64_t count, T* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[i];
}

template <class T>
GM_INLINE void fill_with_nan(T* to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<T>(__builtin_nan(""));
}

template <class T>
GM_INLINE bool all_finite(const T* x, int64_t count) {
  T sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += x[i] - x[i];  // 0, or NaN for NaN and infinity
  return sum == 0;
}

// Pieces of a worker's scratch, one behind the other.
class Scratch {
 public:
  explicit GM_INLINE Scratch(char* place) : place_(place) {}
  template <class T>
  GM_INLINE T* take(int64_t count) {
    T* const found = reinterpret_cast<T*>(place_);
    place_ += (count * static_cast<int64_t>(sizeof(T)) + 63) / 64 * 64;
    return found;
  }
  template <class T>
  static GM_INLINE int64_t bytes(int64_t count) {
    return (count * static_cast<int64_t>(sizeof(T)) + 63) / 64 * 64;
  }

 private:
  char* place_;
};

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
