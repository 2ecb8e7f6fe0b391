#pragma once
// The kernel of argmax and argmin; included by argmax_cpu.cpp and argmin_cpu.cpp only.
#include "cpu/extreme_index.h"
#include "cpu/storage_types.h"
#include "ops/reduction/extreme_index.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {

struct ExtremeIndexPlan {
  AxisSplit split;
  int64_t blocks;          // of columns, per outer position
  int64_t tasks, grouped;  // a task is one block, or with inner size one a row
};

template <class Order>
void run_extreme_index(const KernelCall& call) {
  const auto& p = parameters_of<ExtremeIndexPlan>(call);
  const auto* x = static_cast<const typename Order::Element*>(call.buffers[0]);
  auto* y = static_cast<int32_t*>(call.buffers[1]);
  const int64_t length = p.split.length, inner = p.split.inner;
  for (int64_t task = call.begin * p.grouped; task < lesser(call.end * p.grouped, p.tasks); ++task) {
    if (inner == 1) {
      y[task] = extreme_of_row<Order>(x + task * length, length);
      continue;
    }
    const int64_t outer = task / p.blocks, column = task % p.blocks * extreme_columns;
    extremes_of_columns<Order>(x + outer * length * inner + column, length, inner,
                               lesser(extreme_columns, inner - column), y + outer * inner + column);
  }
}

static inline void prepare_extreme_index(const KernelProblem& problem, KernelPlan& plan,
                                         const KernelFunction* by_dtype) {
  const BufferType& x = problem.inputs[0];
  auto& p = parameters_of<ExtremeIndexPlan>(plan);
  p.split = split_at(x.dims, x.rank, static_cast<const ExtremeIndexAttributes*>(problem.attributes)->axis);
  p.blocks = divide_up(p.split.inner, extreme_columns);
  p.tasks = p.split.outer * p.blocks;
  p.grouped = greater(1, 16384 / (p.split.length * lesser(p.split.inner, extreme_columns)));
  set_units(plan, by_dtype[static_cast<int>(x.dtype)], divide_up(p.tasks, p.grouped),
            static_cast<double>(x.elements) * 2);
}

static inline const char* refuse_extreme_index(const KernelProblem& problem) {
  const DType dtype = problem.inputs[0].dtype;
  return dtype == DType::bfloat16 || dtype == DType::float16 ? "16-bit floats are not compared" : nullptr;
}

}  // namespace gradmill::GM_ISA_NAMESPACE
