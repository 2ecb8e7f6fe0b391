#include "ops/reduction/extreme_index_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class T>
constexpr KernelFunction run = run_extreme_index<FindMinimum<T>>;

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  static const KernelFunction by_dtype[] = GM_TABLE_BY_DTYPE(run);
  prepare_extreme_index(problem, plan, by_dtype);
}

}  // namespace

void argmin_kernels(KernelList& list) {
  static const Kernel kernel{"argmin", refuse_extreme_index, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
