#include "cpu/storage_types.h"
#include "cpu/strided_copy.h"
#include "ops/shape/slice.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t zeroed_bytes = 65536;  // per unit

// The first phase of slice_backward clears, the second copies.
struct BackwardParameters {
  StridedCopy copy;
  int64_t bytes;
};

template <class T>
void run(const KernelCall& call) {
  run_copy<T>(parameters_of<StridedCopy>(call), call.buffers[0], call.buffers[1], call.begin, call.end);
}

template <class T>
void run_backward(const KernelCall& call) {
  const auto& p = parameters_of<BackwardParameters>(call);
  if (call.phase == 0) {
    const int64_t first = call.begin * zeroed_bytes, last = lesser(call.end * zeroed_bytes, p.bytes);
    __builtin_memset(static_cast<char*>(call.buffers[1]) + first, 0, last - first);
  } else {
    run_copy<T>(p.copy, call.buffers[0], call.buffers[1], call.begin, call.end);
  }
}

// `whole` describes the tensor that the slice is a part of; the other side is dense with the sizes `counts`.
void describe_slice(const BufferType& whole, const int64_t* starts, const int64_t* counts, const int64_t* steps,
                    int64_t* whole_strides, int64_t* whole_offset, int64_t* part_strides, int64_t* dims) {
  int64_t whole_stride = 1, part_stride = 1;
  *whole_offset = 0;
  for (int i = whole.rank; i-- > 0;) {
    dims[i] = counts[i];
    whole_strides[i] = whole_stride * steps[i];
    part_strides[i] = part_stride;
    *whole_offset += starts[i] * whole_stride;
    whole_stride *= whole.dims[i];
    part_stride *= counts[i];
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const auto& a = *static_cast<const SliceAttributes*>(problem.attributes);
  const BufferType& x = problem.inputs[0];
  StridedCopy& copy = parameters_of<StridedCopy>(plan);
  copy.rank = x.rank;
  copy.to_offset = 0;
  describe_slice(x, a.starts.data(), a.counts.data(), a.steps.data(), copy.from_strides, &copy.from_offset,
                 copy.to_strides, copy.dims);
  plan_copy(copy);
  set_units(plan, GM_SELECT_BY_SIZE(run, size_of(x.dtype)), copy.units,
            static_cast<double>(problem.outputs[0].elements));
}

void prepare_backward(const KernelProblem& problem, KernelPlan& plan) {
  const auto& a = *static_cast<const SliceBackwardAttributes*>(problem.attributes);
  const BufferType& dx = problem.outputs[0];
  auto& p = parameters_of<BackwardParameters>(plan);
  const int64_t element_bytes = static_cast<int64_t>(size_of(dx.dtype));
  p.bytes = dx.elements * element_bytes;
  set_units(plan, GM_SELECT_BY_SIZE(run_backward, element_bytes), divide_up(p.bytes, zeroed_bytes),
            static_cast<double>(dx.elements));
  if (problem.inputs[0].elements == 0) return;
  p.copy.rank = dx.rank;
  p.copy.from_offset = 0;
  describe_slice(dx, a.starts.data(), a.counts.data(), a.steps.data(), p.copy.to_strides, &p.copy.to_offset,
                 p.copy.from_strides, p.copy.dims);
  plan_copy(p.copy);
  plan.phases = 2;
  plan.units[1] = p.copy.units;
}

}  // namespace

void slice_kernels(KernelList& list) {
  static const Kernel kernel{"strided copy", nullptr, prepare};
  add_kernel(list, &kernel);
}

void slice_backward_kernels(KernelList& list) {
  static const Kernel kernel{"clear and strided copy", nullptr, prepare_backward};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
