#pragma once
// The kernel of softmax and log_softmax; included by softmax_cpu.cpp and log_softmax_cpu.cpp only.
#include "cpu/row_math.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {

struct SoftmaxPlan {
  AxisSplit split;
  int64_t blocks, tasks, grouped;  // a task is a row, or with inner > 1 a block of columns
};

constexpr int64_t softmax_columns = 64;

template <bool logarithmic, class T>
GM_INLINE void softmax_row(const T* x, T* y, int64_t n) {
  if (logarithmic) {
    // In two steps, so that large logits lose no digits to the logarithm.
    T maximum;
    const T sum = sum_of_exponentials(x, n, &maximum);
    shift_row(x, y, n, maximum, logarithm(sum));
  } else {
    scaled_softmax_row(x, y, n, T(1), -1);
  }
}

// One vector of columns of a block of shape (length, inner).
template <bool logarithmic, class T>
GM_INLINE void softmax_columns_of(const T* x, T* y, int64_t length, int64_t inner, int64_t count) {
  typedef typename Lanes<T>::Vector V;
  const bool whole = count == Lanes<T>::count;
  const auto read = [&](const T* from) { return whole ? load(from) : load_first(from, count, T(0)); };
  const auto write = [&](T* to, V value) {
    if (whole) {
      store(to, value);
    } else {
      store_partial(to, value, count);
    }
  };
  V maximum = V(T(-__builtin_inf())), sum = V(T(0));
  for (int64_t i = 0; i < length; ++i) {
    const V v = read(x + i * inner);
    maximum = select(maximum > v, maximum, v);
  }
  for (int64_t i = 0; i < length; ++i) {
    const V v = exp(read(x + i * inner) - maximum);
    if (!logarithmic) write(y + i * inner, v);
    sum = sum + v;
  }
  const V scale = logarithmic ? log(sum) : V(T(1)) / sum;
  for (int64_t i = 0; i < length; ++i) {
    write(y + i * inner, logarithmic ? (read(x + i * inner) - maximum) - scale : read(y + i * inner) * scale);
  }
}

template <bool logarithmic, class T>
void run_softmax(const KernelCall& call) {
  const auto& p = parameters_of<SoftmaxPlan>(call);
  const int64_t length = p.split.length, inner = p.split.inner;
  const T* x = static_cast<const T*>(call.buffers[0]);
  T* y = static_cast<T*>(call.buffers[1]);
  for (int64_t task = call.begin * p.grouped; task < lesser(call.end * p.grouped, p.tasks); ++task) {
    if (inner == 1) {
      softmax_row<logarithmic>(x + task * length, y + task * length, length);
      continue;
    }
    const int64_t base = task / p.blocks * length * inner, first = task % p.blocks * softmax_columns;
    for (int64_t column = first; column < lesser(first + softmax_columns, inner); column += Lanes<T>::count) {
      softmax_columns_of<logarithmic>(x + base + column, y + base + column, length, inner,
                                      lesser(Lanes<T>::count, inner - column));
    }
  }
}

template <bool logarithmic>
void prepare_softmax(const KernelProblem& problem, KernelPlan& plan, int64_t axis) {
  const BufferType& x = problem.inputs[0];
  auto& p = parameters_of<SoftmaxPlan>(plan);
  p.split = split_at(x.dims, x.rank, axis);
  p.blocks = divide_up(p.split.inner, softmax_columns);
  p.tasks = p.split.outer * p.blocks;
  p.grouped = greater(1, 4096 / (p.split.length * lesser(p.split.inner, softmax_columns)));
  set_units(plan, x.dtype == DType::float32 ? run_softmax<logarithmic, float> : run_softmax<logarithmic, double>,
            divide_up(p.tasks, p.grouped), static_cast<double>(x.elements) * 8);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
