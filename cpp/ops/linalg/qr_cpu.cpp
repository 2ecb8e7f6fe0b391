// By Householder's reflections.
#include "ops/linalg/factorizations.h"
#include "ops/linalg/matrix_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class T>
void run(const KernelCall& call) {
  const MatrixParameters& p = parameters_of<MatrixParameters>(call);
  const int64_t m = p.rows, n = p.columns, k = p.other_columns, widest = greater(n, k);
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    Scratch scratch(call.worker_scratch);
    T* a = scratch.take<T>(m * widest);
    T* r = scratch.take<T>(k * n);
    T* tau = scratch.take<T>(lesser(m, n));
    T* work = scratch.take<T>(p.work_size);
    transpose_matrix(static_cast<const T*>(call.buffers[0]) + unit * m * n, m, n, a);
    lapack_qr(static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), a, r, tau, work, p.work_size);
    transpose_matrix(a, k, m, static_cast<T*>(call.buffers[1]) + unit * m * k);
    transpose_matrix(r, n, k, static_cast<T*>(call.buffers[2]) + unit * k * n);
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const bool single = problem.inputs[0].dtype == DType::float32;
  MatrixParameters& p = prepare_matrices(problem, plan, single ? run<float> : run<double>);
  const BufferType& q = problem.outputs[0];
  p.other_columns = q.dims[q.rank - 1];
  const int m = static_cast<int>(p.rows), n = static_cast<int>(p.columns), k = static_cast<int>(p.other_columns);
  p.work_size = single ? lapack_qr_work(m, n, k, static_cast<const float*>(nullptr))
                       : lapack_qr_work(m, n, k, static_cast<const double*>(nullptr));
  plan.worker_scratch_bytes = static_cast<size_t>(
      Scratch::bytes<double>(p.rows * greater(p.columns, p.other_columns)) + Scratch::bytes<double>(p.columns * p.other_columns) +
      Scratch::bytes<double>(p.rows + p.columns) + Scratch::bytes<double>(p.work_size));
}

}  // namespace

void qr_kernels(KernelList& list) {
  static const Kernel kernel{"lapack", refuse_without_lapack, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
