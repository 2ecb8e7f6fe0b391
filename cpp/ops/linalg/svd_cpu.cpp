// By division in halves (LAPACK's gesdd).
#include "ops/linalg/factorizations.h"
#include "ops/linalg/matrix_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class T>
void run(const KernelCall& call) {
  const MatrixParameters& p = parameters_of<MatrixParameters>(call);
  const int64_t m = p.rows, n = p.columns, k = lesser(m, n);
  const int64_t left = p.flags[0] ? m : k, right = p.flags[0] ? n : k;
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    Scratch scratch(call.worker_scratch);
    T* a = scratch.take<T>(m * n);
    T* u = scratch.take<T>(m * left);
    T* vt = scratch.take<T>(right * n);
    T* work = scratch.take<T>(p.work_size);
    int* places = scratch.take<int>(8 * k);
    T* to_u = static_cast<T*>(call.buffers[1]) + unit * m * left;
    T* s = static_cast<T*>(call.buffers[2]) + unit * k;
    T* to_vt = static_cast<T*>(call.buffers[3]) + unit * right * n;
    transpose_matrix(static_cast<const T*>(call.buffers[0]) + unit * m * n, m, n, a);
    if (!all_finite(a, m * n) || lapack_svd(p.flags[0], static_cast<int>(m), static_cast<int>(n), a, s, u, vt, work,
                                            p.work_size, places) != 0) {
      fill_with_nan(to_u, m * left);
      fill_with_nan(s, k);
      fill_with_nan(to_vt, right * n);
      continue;
    }
    transpose_matrix(u, left, m, to_u);
    transpose_matrix(vt, n, right, to_vt);
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const bool single = problem.inputs[0].dtype == DType::float32;
  MatrixParameters& p = prepare_matrices(problem, plan, single ? run<float> : run<double>);
  p.flags[0] = static_cast<const SvdAttributes*>(problem.attributes)->full_matrices;
  const int m = static_cast<int>(p.rows), n = static_cast<int>(p.columns);
  p.work_size = single ? lapack_svd_work(p.flags[0], m, n, static_cast<const float*>(nullptr))
                       : lapack_svd_work(p.flags[0], m, n, static_cast<const double*>(nullptr));
  plan.operations *= 8;
  plan.worker_scratch_bytes = static_cast<size_t>(
      Scratch::bytes<double>(p.rows * p.columns) + Scratch::bytes<double>(p.rows * p.rows) +
      Scratch::bytes<double>(p.columns * p.columns) + Scratch::bytes<double>(p.work_size) +
      Scratch::bytes<int>(8 * (p.rows + p.columns)));
}

}  // namespace

void svd_kernels(KernelList& list) {
  static const Kernel kernel{"lapack", refuse_without_lapack, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
