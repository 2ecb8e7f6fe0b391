#include "ops/reduction/reduction_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class T>
constexpr KernelFunction run = run_reduction_kernel<ProductReduction<T>>;

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  static const KernelFunction by_dtype[] = GM_TABLE_BY_DTYPE(run);
  prepare_reduction(problem, plan, by_dtype);
}

}  // namespace

void prod_kernels(KernelList& list) {
  static const Kernel kernel{"prod", refuse_reduction, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
