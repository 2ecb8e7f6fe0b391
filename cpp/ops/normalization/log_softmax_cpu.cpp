#include "ops/normalization/log_softmax.h"

#include "ops/normalization/softmax_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  prepare_softmax<true>(problem, plan, static_cast<const LogSoftmaxAttributes*>(problem.attributes)->axis);
}

}  // namespace

void log_softmax_kernels(KernelList& list) {
  static const Kernel kernel{"rows", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
