// The rows of L are the columns of U = L', which LAPACK makes of the triangle that lies there.
#include "ops/linalg/factorizations.h"
#include "ops/linalg/matrix_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class T>
void run(const KernelCall& call) {
  const int64_t n = parameters_of<MatrixParameters>(call).rows;
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    T* y = static_cast<T*>(call.buffers[1]) + unit * n * n;
    copy_numbers(static_cast<const T*>(call.buffers[0]) + unit * n * n, n * n, y);
    if (lapack_cholesky(static_cast<int>(n), y) != 0) {
      fill_with_nan(y, n * n);
      continue;
    }
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = i + 1; j < n; ++j) y[i * n + j] = 0;
    }
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  prepare_matrices(problem, plan, problem.inputs[0].dtype == DType::float32 ? run<float> : run<double>);
}

}  // namespace

void cholesky_kernels(KernelList& list) {
  static const Kernel kernel{"lapack", refuse_without_lapack, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
