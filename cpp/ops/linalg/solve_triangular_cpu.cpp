// Read column by column, the rows of b are b', and X' op(a)' = b' is solved.
#include "ops/linalg/factorizations.h"
#include "ops/linalg/matrix_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class T>
void run(const KernelCall& call) {
  const MatrixParameters& p = parameters_of<MatrixParameters>(call);
  const int64_t n = p.rows, k = p.other_columns;
  const bool lower = p.flags[0], transpose = p.flags[1], unit_diagonal = p.flags[2];
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    T* x = static_cast<T*>(call.buffers[2]) + unit * n * k;
    copy_numbers(static_cast<const T*>(call.buffers[1]) + unit * n * k, n * k, x);
    // The lower triangle is the upper one of a', which is what lies there column by column.
    lapack_solve_from_right(lower, transpose, unit_diagonal, static_cast<int>(k), static_cast<int>(n),
                            static_cast<const T*>(call.buffers[0]) + unit * n * n, x);
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  MatrixParameters& p = prepare_matrices(problem, plan, problem.inputs[0].dtype == DType::float32 ? run<float> : run<double>);
  const auto& attributes = *static_cast<const SolveTriangularAttributes*>(problem.attributes);
  const BufferType& b = problem.inputs[1];
  p.other_columns = b.dims[b.rank - 1];
  p.flags[0] = attributes.lower;
  p.flags[1] = attributes.transpose;
  p.flags[2] = attributes.unit_diagonal;
  plan.operations = static_cast<double>(b.elements) * static_cast<double>(p.rows);
}

}  // namespace

void solve_triangular_kernels(KernelList& list) {
  static const Kernel kernel{"lapack", refuse_without_lapack, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
