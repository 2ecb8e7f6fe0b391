// By division in halves (LAPACK's syevd).
#include "ops/linalg/factorizations.h"
#include "ops/linalg/matrix_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class T>
void run(const KernelCall& call) {
  const MatrixParameters& p = parameters_of<MatrixParameters>(call);
  const int64_t n = p.rows;
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    Scratch scratch(call.worker_scratch);
    T* a = scratch.take<T>(n * n);
    T* work = scratch.take<T>(p.work_size);
    int* places = scratch.take<int>(p.place_count);
    T* w = static_cast<T*>(call.buffers[1]) + unit * n;
    T* v = static_cast<T*>(call.buffers[2]) + unit * n * n;
    transpose_matrix(static_cast<const T*>(call.buffers[0]) + unit * n * n, n, n, a);
    if (!all_finite(a, n * n) ||
        lapack_symmetric_eigen(static_cast<int>(n), a, w, work, p.work_size, places, p.place_count) != 0) {
      fill_with_nan(w, n);
      fill_with_nan(v, n * n);
      continue;
    }
    transpose_matrix(a, n, n, v);
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const bool single = problem.inputs[0].dtype == DType::float32;
  MatrixParameters& p = prepare_matrices(problem, plan, single ? run<float> : run<double>);
  const int n = static_cast<int>(p.rows);
  if (single) {
    lapack_symmetric_eigen_work(n, static_cast<const float*>(nullptr), &p.work_size, &p.place_count);
  } else {
    lapack_symmetric_eigen_work(n, static_cast<const double*>(nullptr), &p.work_size, &p.place_count);
  }
  plan.operations *= 8;
  plan.worker_scratch_bytes = static_cast<size_t>(Scratch::bytes<double>(p.rows * p.rows) +
                                                  Scratch::bytes<double>(p.work_size) + Scratch::bytes<int>(p.place_count));
}

}  // namespace

void eigh_kernels(KernelList& list) {
  static const Kernel kernel{"lapack", refuse_without_lapack, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
