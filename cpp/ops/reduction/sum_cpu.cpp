#include "ops/reduction/reduction_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class T>
constexpr KernelFunction run = run_reduction_kernel<SumReduction<T>>;

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  static const KernelFunction by_dtype[] = GM_TABLE_BY_DTYPE(run);
  prepare_reduction(problem, plan, by_dtype);
  if (refuse_reduction(problem)) plan.run = problem.inputs[0].dtype == DType::bfloat16 ? run<BFloat16> : run<Float16>;
}

const char* refuse(const KernelProblem& problem) {
  return problem.outputs[0].dtype == DType::float32 ? nullptr : refuse_reduction(problem);
}

}  // namespace

void sum_kernels(KernelList& list) {
  static const Kernel kernel{"sum", refuse, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
