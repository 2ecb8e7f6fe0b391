// Each line along the axis is copied to scratch memory, sorted there and copied back.
#include "ops/indexing/sort.h"

#include "cpu/merge_sort.h"
#include "cpu/storage_types.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters {
  AxisSplit split;
  int64_t lines, lines_per_unit;
  bool descending;
};

GM_INLINE int64_t first_of_line(const AxisSplit& split, int64_t line) {
  return line / split.inner * split.length * split.inner + line % split.inner;
}

template <bool places, class T> struct ItemOf { typedef SortValue<T> Item; };
template <class T> struct ItemOf<true, T> { typedef SortPlace<T> Item; };

template <bool places, bool descending, class T>
void sort_lines(const KernelCall& call) {
  typedef typename ItemOf<places, T>::Item Item;
  const Parameters& p = parameters_of<Parameters>(call);
  const int64_t length = p.split.length, inner = p.split.inner;
  Item* items = reinterpret_cast<Item*>(call.worker_scratch);
  const int64_t last = lesser(call.end * p.lines_per_unit, p.lines);
  for (int64_t line = call.begin * p.lines_per_unit; line < last; ++line) {
    const int64_t offset = first_of_line(p.split, line);
    const T* x = static_cast<const T*>(call.buffers[0]) + offset;
    for (int64_t i = 0; i < length; ++i) {
      items[i].key = x[i * inner];
      if constexpr (places) items[i].place = static_cast<int32_t>(i);
    }
    const Item* sorted = merge_sort<descending>(items, items + length, length);
    if constexpr (places) {
      int32_t* y = static_cast<int32_t*>(call.buffers[1]) + offset;
      for (int64_t i = 0; i < length; ++i) y[i * inner] = sorted[i].place;
    } else {
      T* y = static_cast<T*>(call.buffers[1]) + offset;
      for (int64_t i = 0; i < length; ++i) y[i * inner] = sorted[i].key;
    }
  }
}

template <bool places, class T>
void run(const KernelCall& call) {
  if (parameters_of<Parameters>(call).descending) {
    sort_lines<places, true, T>(call);
  } else {
    sort_lines<places, false, T>(call);
  }
}

template <class T> constexpr KernelFunction run_sort = run<false, T>;
template <class T> constexpr KernelFunction run_argsort = run<true, T>;

void prepare_lines(const KernelProblem& problem, KernelPlan& plan, const KernelFunction* by_dtype) {
  const auto& attributes = *static_cast<const SortAttributes*>(problem.attributes);
  const BufferType& x = problem.inputs[0];
  Parameters& p = parameters_of<Parameters>(plan);
  p.split = split_at(x.dims, x.rank, attributes.axis);
  p.lines = p.split.outer * p.split.inner;
  p.lines_per_unit = greater(1, 2048 / p.split.length);
  p.descending = attributes.descending;
  set_units(plan, by_dtype[static_cast<int>(x.dtype)], divide_up(p.lines, p.lines_per_unit),
            static_cast<double>(x.elements) * 30);
  plan.worker_scratch_bytes = 2 * p.split.length * sizeof(SortPlace<double>);
}

void prepare_sort(const KernelProblem& problem, KernelPlan& plan) {
  static const KernelFunction by_dtype[] = GM_TABLE_BY_DTYPE(run_sort);
  prepare_lines(problem, plan, by_dtype);
}

void prepare_argsort(const KernelProblem& problem, KernelPlan& plan) {
  static const KernelFunction by_dtype[] = GM_TABLE_BY_DTYPE(run_argsort);
  prepare_lines(problem, plan, by_dtype);
}

const char* refuse(const KernelProblem& problem) {
  const DType dtype = problem.inputs[0].dtype;
  return dtype == DType::bfloat16 || dtype == DType::float16 ? "16-bit floats are not compared" : nullptr;
}

}  // namespace

void sort_kernels(KernelList& list) {
  static const Kernel kernel{"merge sort", refuse, prepare_sort};
  add_kernel(list, &kernel);
}

void argsort_kernels(KernelList& list) {
  static const Kernel kernel{"merge sort", refuse, prepare_argsort};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
