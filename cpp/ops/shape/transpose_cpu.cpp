#include "cpu/storage_types.h"
#include "cpu/strided_copy.h"
#include "ops/shape/transpose.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class T>
void run(const KernelCall& call) {
  run_copy<T>(parameters_of<StridedCopy>(call), call.buffers[0], call.buffers[1], call.begin, call.end);
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const auto& attributes = *static_cast<const TransposeAttributes*>(problem.attributes);
  const BufferType& x = problem.inputs[0];
  const int64_t* permutation = attributes.permutation.data();
  const bool given = attributes.permutation.size() > 0;
  int64_t strides[kernel_max_rank], from_stride = 1, to_stride = 1;
  for (int i = x.rank; i-- > 0;) {
    strides[i] = from_stride;
    from_stride *= x.dims[i];
  }
  StridedCopy& copy = parameters_of<StridedCopy>(plan);
  copy.rank = x.rank;
  copy.from_offset = copy.to_offset = 0;
  for (int i = x.rank; i-- > 0;) {
    int64_t axis = given ? permutation[i] : x.rank - 1 - i;
    if (axis < 0) axis += x.rank;
    copy.dims[i] = x.dims[axis];
    copy.from_strides[i] = strides[axis];
    copy.to_strides[i] = to_stride;
    to_stride *= x.dims[axis];
  }
  plan_copy(copy);
  set_units(plan, GM_SELECT_BY_SIZE(run, size_of(x.dtype)), copy.units, static_cast<double>(x.elements));
}

}  // namespace

void transpose_kernels(KernelList& list) {
  static const Kernel kernel{"strided copy", nullptr, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
