#pragma once
// The kernel of a reduction from its combining functor; included by sum_cpu.cpp and its kind only.
#include "cpu/reduce_rows.h"
#include "cpu/storage_types.h"
#include "ops/reduction/reduction.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {

template <class Op>
void run_reduction_kernel(const KernelCall& call) {
  const auto& reduction = parameters_of<Reduction>(call);
  if (call.phase == 0) {
    run_reduction<Op>(reduction, call.buffers[0], call.buffers[1], call.shared_scratch, call.begin, call.end);
  } else {
    combine_chunks<Op>(reduction, call.buffers[1], call.shared_scratch, call.begin, call.end);
  }
}

static inline void prepare_reduction(const KernelProblem& problem, KernelPlan& plan, const KernelFunction* by_dtype) {
  const auto& attributes = *static_cast<const ReductionAttributes*>(problem.attributes);
  const BufferType& x = problem.inputs[0];
  const int64_t* axes = attributes.axes.data();
  const int count = static_cast<int>(attributes.axes.size());
  bool reduced[kernel_max_rank];
  for (int i = 0; i < x.rank; ++i) reduced[i] = count == 0;
  for (int i = 0; i < count; ++i) reduced[axes[i] < 0 ? axes[i] + x.rank : axes[i]] = true;
  Reduction& reduction = parameters_of<Reduction>(plan);
  plan_reduction(reduction, x.rank, x.dims, reduced);
  set_units(plan, by_dtype[static_cast<int>(x.dtype)], reduction.units, static_cast<double>(x.elements));
  if (reduction.chunks > 1) {
    plan.phases = 2;
    plan.units[1] = combining_units(reduction);
    plan.shared_scratch_bytes = reduction.chunks * reduction.outputs * sizeof(double);
  }
}

static inline const char* refuse_reduction(const KernelProblem& problem) {
  const DType dtype = problem.inputs[0].dtype;
  return dtype == DType::bfloat16 || dtype == DType::float16 ? "16-bit floats are not added up" : nullptr;
}

}  // namespace gradmill::GM_ISA_NAMESPACE
