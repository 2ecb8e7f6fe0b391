// Running sums. A line along the axis is walked by one worker; lines side by side are walked together.
#include "cpu/axis_split.h"
#include "cpu/storage_types.h"
#include "ops/reduction/cumsum.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t block_columns = 64;

struct Parameters {
  AxisSplit split;
  int64_t blocks, tasks, grouped;
  bool reverse, exclusive;
};

// Integers are added in an unsigned type, where overflow wraps around.
template <class T> struct RunningSum { typedef uint64_t Type; };
template <> struct RunningSum<float> { typedef double Type; };
template <> struct RunningSum<double> { typedef double Type; };

template <class T, class Result>
void run_as(const KernelCall& call) {
  typedef typename RunningSum<T>::Type Sum;
  const Parameters& p = parameters_of<Parameters>(call);
  const int64_t length = p.split.length, inner = p.split.inner;
  const int64_t step = p.reverse ? -inner : inner, start = p.reverse ? (length - 1) * inner : 0;
  for (int64_t task = call.begin * p.grouped; task < lesser(call.end * p.grouped, p.tasks); ++task) {
    const int64_t column = task % p.blocks * block_columns, columns = lesser(block_columns, inner - column);
    const int64_t offset = task / p.blocks * length * inner + start + column;
    const T* x = static_cast<const T*>(call.buffers[0]) + offset;
    Result* y = static_cast<Result*>(call.buffers[1]) + offset;
    Sum sums[block_columns] = {};
    for (int64_t i = 0; i < length; ++i, x += step, y += step) {
      for (int64_t j = 0; j < columns; ++j) {
        const Sum before = sums[j];
        sums[j] += static_cast<Sum>(x[j]);
        y[j] = static_cast<Result>(p.exclusive ? before : sums[j]);
      }
    }
  }
}

template <class T>
constexpr KernelFunction run = run_as<T, T>;

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  static const KernelFunction by_dtype[] = GM_TABLE_BY_DTYPE(run);
  const auto& attributes = *static_cast<const CumsumAttributes*>(problem.attributes);
  const BufferType& x = problem.inputs[0];
  Parameters& p = parameters_of<Parameters>(plan);
  p.split = split_at(x.dims, x.rank, attributes.axis);
  p.blocks = divide_up(p.split.inner, block_columns);
  p.tasks = p.split.outer * p.blocks;
  p.grouped = greater(1, 16384 / (p.split.length * lesser(p.split.inner, block_columns)));
  p.reverse = attributes.reverse;
  p.exclusive = attributes.exclusive;
  set_units(plan, x.dtype == DType::boolean ? run_as<uint8_t, int32_t> : by_dtype[static_cast<int>(x.dtype)],
            divide_up(p.tasks, p.grouped), static_cast<double>(x.elements) * 2);
}

const char* refuse(const KernelProblem& problem) {
  const DType dtype = problem.inputs[0].dtype;
  return dtype == DType::bfloat16 || dtype == DType::float16 ? "16-bit floats are not added up" : nullptr;
}

}  // namespace

void cumsum_kernels(KernelList& list) {
  static const Kernel kernel{"cumsum", refuse, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
