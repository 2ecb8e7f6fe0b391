// gather copies rows: what lies behind the axis is dense on both sides. gather_backward adds rows; a unit owns some
// rows of the result and looks through all indices for them, so that no two workers add to the same place and every
// sum is made in the order of the indices.
#include "ops/indexing/gather.h"

#include "cpu/axis_split.h"
#include "cpu/storage_types.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters {
  AxisSplit split;  // of x
  int64_t indices;  // how many
  DType index_type;
  int64_t rows, rows_per_unit;  // of the output
  uint64_t outside;             // the bits that stand for a place outside
};

// The row meant by index i, or -1.
GM_INLINE int64_t row_of(const Parameters& p, const void* indices, int64_t i) {
  int64_t index = read_integer(indices, p.index_type, i);
  if (index < 0) index += p.split.length;
  return index >= 0 && index < p.split.length ? index : -1;
}

// Whether the indices are a range: a crop at a place that was computed.
GM_INLINE bool are_consecutive(const Parameters& p, const void* indices) {
  const int64_t first = row_of(p, indices, 0);
  bool so = first >= 0 && first + p.indices <= p.split.length;
  for (int64_t i = 1; so && i < p.indices; ++i) so = read_integer(indices, p.index_type, i) == first + i;
  return so;
}

template <class T>
void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const T* x = static_cast<const T*>(call.buffers[0]);
  T* y = static_cast<T*>(call.buffers[2]);
  const int64_t inner = p.split.inner, begin = call.begin * p.rows_per_unit;
  const int64_t end = lesser(call.end * p.rows_per_unit, p.rows);
  int64_t outer = begin / p.indices, i = begin % p.indices;
  if (begin < end && are_consecutive(p, call.buffers[1])) {
    const int64_t first = row_of(p, call.buffers[1], 0);
    for (int64_t row = begin; row < end; ++outer, i = 0) {
      const int64_t together = lesser(p.indices - i, end - row);
      __builtin_memcpy(y + row * inner, x + (outer * p.split.length + first + i) * inner, together * inner * sizeof(T));
      row += together;
    }
    return;
  }
  for (int64_t row = begin; row < end; ++row) {
    const int64_t source = row_of(p, call.buffers[1], i);
    T* to = y + row * inner;
    const T* from = x + (outer * p.split.length + source) * inner;
    if (source < 0) {
      for (int64_t j = 0; j < inner; ++j) to[j] = static_cast<T>(p.outside);
    } else if (inner == 1) {
      *to = *from;
    } else {
      __builtin_memcpy(to, from, inner * sizeof(T));
    }
    if (++i == p.indices) {
      i = 0;
      ++outer;
    }
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const BufferType &x = problem.inputs[0], &indices = problem.inputs[1], &y = problem.outputs[0];
  Parameters& p = parameters_of<Parameters>(plan);
  p.split = split_at(x.dims, x.rank, static_cast<const GatherAttributes*>(problem.attributes)->axis);
  p.indices = indices.elements;
  p.index_type = indices.dtype;
  p.rows = p.split.outer * p.indices;
  p.rows_per_unit = greater(1, 16384 / p.split.inner);
  p.outside = missing_bits(x.dtype);
  set_units(plan, GM_SELECT_BY_SIZE(run, size_of(x.dtype)), divide_up(p.rows, p.rows_per_unit),
            static_cast<double>(y.elements));
}

template <class T>
void run_backward(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const T* dy = static_cast<const T*>(call.buffers[1]);
  T* dx = static_cast<T*>(call.buffers[2]);
  const int64_t inner = p.split.inner, length = p.split.length;
  const int64_t blocks = divide_up(length, p.rows_per_unit);
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const int64_t outer = unit / blocks, first = unit % blocks * p.rows_per_unit;
    const int64_t last = lesser(first + p.rows_per_unit, length);
    T* rows = dx + outer * length * inner;
    __builtin_memset(rows + first * inner, 0, (last - first) * inner * sizeof(T));
    for (int64_t i = 0; i < p.indices; ++i) {
      const int64_t row = row_of(p, call.buffers[0], i);
      if (row < first || row >= last) continue;
      const T* from = dy + (outer * p.indices + i) * inner;
      T* to = rows + row * inner;
      for (int64_t j = 0; j < inner; ++j) to[j] = static_cast<T>(to[j] + from[j]);
    }
  }
}

void prepare_backward(const KernelProblem& problem, KernelPlan& plan) {
  static const KernelFunction by_dtype[] = GM_TABLE_BY_DTYPE(run_backward);
  const BufferType &indices = problem.inputs[0], &dy = problem.inputs[1], &dx = problem.outputs[0];
  Parameters& p = parameters_of<Parameters>(plan);
  p.split = split_at(dx.dims, dx.rank, static_cast<const GatherBackwardAttributes*>(problem.attributes)->axis);
  p.indices = indices.elements;
  p.index_type = indices.dtype;
  // Every unit reads all indices, so there are at most 16 per outer position.
  p.rows_per_unit = greater(divide_up(p.split.length, 16), greater(1, 16384 / p.split.inner));
  set_units(plan, by_dtype[static_cast<int>(dx.dtype)],
            p.split.outer * divide_up(p.split.length, p.rows_per_unit),
            static_cast<double>(dy.elements + dx.elements));
}

const char* refuse_backward(const KernelProblem& problem) {
  const DType dtype = problem.inputs[1].dtype;
  return dtype == DType::bfloat16 || dtype == DType::float16 ? "16-bit floats are not added up" : nullptr;
}

}  // namespace

void gather_kernels(KernelList& list) {
  static const Kernel kernel{"rows", nullptr, prepare};
  add_kernel(list, &kernel);
}

void gather_backward_kernels(KernelList& list) {
  static const Kernel kernel{"own rows", refuse_backward, prepare_backward};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
