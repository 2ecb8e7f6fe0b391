#include "ops/normalization/softmax.h"

#include "ops/normalization/softmax_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  prepare_softmax<false>(problem, plan, static_cast<const SoftmaxAttributes*>(problem.attributes)->axis);
}

}  // namespace

void softmax_kernels(KernelList& list) {
  static const Kernel kernel{"rows", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
