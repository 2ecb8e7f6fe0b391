// Forward and backward read the logits once; a row of few classes stays in registers.
#include "ops/loss/sparse_softmax_cross_entropy.h"

#include "cpu/row_math.h"
#include "cpu/storage_types.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters {
  int64_t rows, classes, rows_per_unit;
  int64_t ignore_class;
  DType label_type;
};

// Logarithms of several rows are taken together.
constexpr int64_t group_rows = 16;

GM_INLINE void logarithms(float* x) {
  for (int64_t i = 0; i < group_rows; i += vector_lanes) store(x + i, log(load(x + i)));
}
GM_INLINE void logarithms(double* x) {
  for (int64_t i = 0; i < group_rows; ++i) x[i] = logarithm(x[i]);
}

template <class T>
void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const T* logits = static_cast<const T*>(call.buffers[0]);
  T* loss = static_cast<T*>(call.buffers[2]);
  const int64_t end = lesser(call.end * p.rows_per_unit, p.rows);
  for (int64_t first = call.begin * p.rows_per_unit; first < end; first += group_rows) {
    const int64_t rows = lesser(group_rows, end - first);
    T sums[group_rows], distances[group_rows];  // from the label's logit up to the largest one
    for (int64_t i = rows; i < group_rows; ++i) sums[i] = 1;
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t label = read_integer(call.buffers[1], p.label_type, first + i);
      const T* row = logits + (first + i) * p.classes;
      if (label >= 0 && label < p.classes && label != p.ignore_class) {
        T maximum;
        sums[i] = sum_of_exponentials(row, p.classes, &maximum);
        distances[i] = maximum - row[label];
      } else {
        sums[i] = 1;
        distances[i] = label == p.ignore_class ? T(0) : T(__builtin_nan(""));
      }
    }
    logarithms(sums);
    for (int64_t i = 0; i < rows; ++i) loss[first + i] = sums[i] + distances[i];
  }
}

template <class T>
void run_backward(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const T* logits = static_cast<const T*>(call.buffers[0]);
  const T* dloss = static_cast<const T*>(call.buffers[2]);
  T* dlogits = static_cast<T*>(call.buffers[3]);
  const int64_t end = lesser(call.end * p.rows_per_unit, p.rows);
  for (int64_t i = call.begin * p.rows_per_unit; i < end; ++i) {
    const int64_t label = read_integer(call.buffers[1], p.label_type, i);
    T* to = dlogits + i * p.classes;
    if (label >= 0 && label < p.classes && label != p.ignore_class) {
      scaled_softmax_row(logits + i * p.classes, to, p.classes, dloss[i], label);
    } else {
      const T value = label == p.ignore_class ? T(0) : T(__builtin_nan(""));
      for (int64_t j = 0; j < p.classes; ++j) to[j] = value;
    }
  }
}

void prepare_rows(const KernelProblem& problem, KernelPlan& plan, KernelFunction single, KernelFunction twice) {
  const BufferType &logits = problem.inputs[0], &labels = problem.inputs[1];
  Parameters& p = parameters_of<Parameters>(plan);
  p.classes = logits.dims[logits.rank - 1];
  p.rows = labels.elements;
  p.rows_per_unit = greater(1, 8192 / p.classes);
  p.ignore_class = static_cast<const SparseSoftmaxCrossEntropyAttributes*>(problem.attributes)->ignore_class;
  p.label_type = labels.dtype;
  set_units(plan, logits.dtype == DType::float32 ? single : twice, divide_up(p.rows, p.rows_per_unit),
            static_cast<double>(logits.elements) * 8);
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  prepare_rows(problem, plan, run<float>, run<double>);
}

void prepare_backward(const KernelProblem& problem, KernelPlan& plan) {
  prepare_rows(problem, plan, run_backward<float>, run_backward<double>);
}

}  // namespace

void sparse_softmax_cross_entropy_kernels(KernelList& list) {
  static const Kernel kernel{"rows", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

void sparse_softmax_cross_entropy_backward_kernels(KernelList& list) {
  static const Kernel kernel{"rows", refuse_other_than_floats, prepare_backward};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
