// A zero on the diagonal of U is no error: what is computed from it says so.
#include "ops/linalg/factorizations.h"
#include "ops/linalg/matrix_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class T>
void run(const KernelCall& call) {
  const MatrixParameters& p = parameters_of<MatrixParameters>(call);
  const int64_t m = p.rows, n = p.columns, k = lesser(m, n);
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    T* a = reinterpret_cast<T*>(call.worker_scratch);
    int32_t* pivots = static_cast<int32_t*>(call.buffers[2]) + unit * k;
    int32_t* permutation = static_cast<int32_t*>(call.buffers[3]) + unit * m;
    transpose_matrix(static_cast<const T*>(call.buffers[0]) + unit * m * n, m, n, a);
    lapack_lu(static_cast<int>(m), static_cast<int>(n), a, pivots);
    transpose_matrix(a, n, m, static_cast<T*>(call.buffers[1]) + unit * m * n);
    for (int64_t i = 0; i < m; ++i) permutation[i] = static_cast<int32_t>(i);
    for (int64_t i = 0; i < k; ++i) {
      pivots[i] -= 1;
      const int32_t row = permutation[i];
      permutation[i] = permutation[pivots[i]];
      permutation[pivots[i]] = row;
    }
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const MatrixParameters& p = prepare_matrices(problem, plan, problem.inputs[0].dtype == DType::float32 ? run<float> : run<double>);
  plan.worker_scratch_bytes = static_cast<size_t>(p.rows * p.columns) * sizeof(double);
}

}  // namespace

void lu_factor_kernels(KernelList& list) {
  static const Kernel kernel{"lapack", refuse_without_lapack, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
