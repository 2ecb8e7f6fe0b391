// A line is what the output has along one axis, with the axes behind it, which are dense on both sides.
#include "cpu/axis_split.h"
#include "cpu/odometer.h"
#include "cpu/storage_types.h"
#include "ops/shape/pad.h"
#include "registry/kernel.h"
#include "tensor/half.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters {
  int rank;  // of the axes before the lines
  int64_t dims[kernel_max_rank], before[kernel_max_rank], sizes[kernel_max_rank];  // of y; sizes are those of x
  int64_t strides[kernel_max_rank], skipped;  // in lines of x: of the axes, and to the first of y
  int64_t line, line_before, line_size;  // of y; the elements in front; of x
  int64_t lines, lines_per_unit;
  uint64_t value;  // its bits
};

template <class T>
GM_INLINE void fill(T* to, int64_t count, T value) {
  typedef T Four __attribute__((vector_size(4 * sizeof(T))));
  const Four four = {value, value, value, value};
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) __builtin_memcpy(to + i, &four, sizeof four);
  for (; i < count; ++i) to[i] = value;
}

template <class T>
void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const T value = static_cast<T>(p.value);
  const T* x = static_cast<const T*>(call.buffers[0]);
  T* y = static_cast<T*>(call.buffers[1]);
  const int64_t first = call.begin * p.lines_per_unit, last = lesser(call.end * p.lines_per_unit, p.lines);
  const int64_t behind = p.line - p.line_before - p.line_size;
  Odometer<kernel_max_rank> position(p.rank, p.dims, p.strides, first);
  for (int64_t line = first; line < last; ++line, position.next()) {
    bool inside = p.line_size > 0;
    for (int axis = 0; axis < p.rank; ++axis) {
      inside &= position.index[axis] >= p.before[axis] && position.index[axis] < p.before[axis] + p.sizes[axis];
    }
    T* to = y + line * p.line;
    if (!inside) {
      fill(to, p.line, value);
      continue;
    }
    fill(to, p.line_before, value);
    __builtin_memcpy(to + p.line_before, x + (position.offset - p.skipped) * p.line_size, p.line_size * sizeof(T));
    fill(to + p.line_before + p.line_size, behind, value);
  }
}

template <class T>
uint64_t bits_of_value(T value) {
  uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  return bits;
}

uint64_t bits_of_number(double number, DType dtype) {
  switch (dtype) {
    case DType::float32: return bits_of_value(static_cast<float>(number));
    case DType::float64: return bits_of_value(number);
    case DType::bfloat16: return float_to_bfloat16(static_cast<float>(number));
    case DType::float16: return float_to_float16(static_cast<float>(number));
    case DType::boolean: return number != 0;
    default:  // integers: the low bits, and 0 for what no integer holds
      return number >= -9.2e18 && number <= 9.2e18 ? static_cast<uint64_t>(static_cast<int64_t>(number)) : 0;
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const auto& a = *static_cast<const PadAttributes*>(problem.attributes);
  const BufferType &x = problem.inputs[0], &y = problem.outputs[0];
  Parameters& p = parameters_of<Parameters>(plan);
  int64_t inner = 1;
  int axis = x.rank - 1;
  for (; axis > 0 && x.dims[axis] == y.dims[axis] && inner * x.dims[axis] <= 16384; --axis) inner *= x.dims[axis];
  p.line = axis < 0 ? 1 : y.dims[axis] * inner;
  p.line_size = axis < 0 ? 1 : x.dims[axis] * inner;
  p.line_before = axis < 0 ? 0 : a.before[axis] * inner;
  p.rank = axis < 0 ? 0 : axis;
  p.lines = 1;
  p.skipped = 0;
  int64_t stride = 1;
  for (int i = p.rank; i-- > 0;) {
    p.dims[i] = y.dims[i];
    p.sizes[i] = x.dims[i];
    p.before[i] = a.before[i];
    p.strides[i] = stride;
    p.skipped += a.before[i] * stride;
    p.lines *= y.dims[i];
    stride *= x.dims[i];
  }
  p.lines_per_unit = greater(1, 16384 / p.line);
  p.value = bits_of_number(a.value, x.dtype);
  set_units(plan, GM_SELECT_BY_SIZE(run, size_of(x.dtype)), divide_up(p.lines, p.lines_per_unit),
            static_cast<double>(y.elements));
}

}  // namespace

void pad_kernels(KernelList& list) {
  static const Kernel kernel{"lines", nullptr, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
