// Forward: one output element after the other. Backward: a unit owns lines of dx along the axis, clears them and adds
// everything that was taken from them, so that no two workers add to the same place.
#include "ops/indexing/take_along_axis.h"

#include "cpu/axis_split.h"
#include "cpu/odometer.h"
#include "cpu/storage_types.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t unit_elements = 8192;

// A line is a position in every axis but the axis of the op. Strides are 0 where a tensor is broadcast.
struct Parameters {
  int rank;                                                    // of the positions that number lines
  int64_t dims[kernel_max_rank - 1];
  int64_t x_strides[kernel_max_rank - 1], y_strides[kernel_max_rank - 1], index_strides[kernel_max_rank - 1];
  int repeat_rank;                                             // backward: axes in which x is broadcast
  int64_t repeat_dims[kernel_max_rank - 1], repeat_y[kernel_max_rank - 1], repeat_index[kernel_max_rank - 1];
  int64_t x_length, y_length, x_step, y_step, index_step;      // along the axis
  int64_t lines, lines_per_unit, repeats;
  DType index_type;
  uint64_t outside;
};
static_assert(sizeof(Parameters) <= kernel_parameter_bytes);

GM_INLINE int64_t place_of(const Parameters& p, const void* indices, int64_t i) {
  int64_t index = read_integer(indices, p.index_type, i);
  if (index < 0) index += p.x_length;
  return index >= 0 && index < p.x_length ? index : -1;
}

typedef Odometer<kernel_max_rank - 1> Position;

template <class T>
void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const int64_t begin = call.begin * p.lines_per_unit, end = lesser(call.end * p.lines_per_unit, p.lines);
  Position x(p.rank, p.dims, p.x_strides, begin), y(p.rank, p.dims, p.y_strides, begin);
  Position index(p.rank, p.dims, p.index_strides, begin);
  for (int64_t line = begin; line < end; ++line, x.next(), y.next(), index.next()) {
    const T* from = static_cast<const T*>(call.buffers[0]) + x.offset;
    T* to = static_cast<T*>(call.buffers[2]) + y.offset;
    for (int64_t i = 0; i < p.y_length; ++i) {
      const int64_t place = place_of(p, call.buffers[1], index.offset + i * p.index_step);
      to[i * p.y_step] = place < 0 ? static_cast<T>(p.outside) : from[place * p.x_step];
    }
  }
}

template <class T>
void run_backward(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const int64_t begin = call.begin * p.lines_per_unit, end = lesser(call.end * p.lines_per_unit, p.lines);
  Position x(p.rank, p.dims, p.x_strides, begin), y(p.rank, p.dims, p.y_strides, begin);
  Position index(p.rank, p.dims, p.index_strides, begin);
  for (int64_t line = begin; line < end; ++line, x.next(), y.next(), index.next()) {
    T* dx = static_cast<T*>(call.buffers[2]) + x.offset;
    for (int64_t i = 0; i < p.x_length; ++i) dx[i * p.x_step] = T(0);
    Position repeat_y(p.repeat_rank, p.repeat_dims, p.repeat_y, 0);
    Position repeat_index(p.repeat_rank, p.repeat_dims, p.repeat_index, 0);
    for (int64_t repeat = 0; repeat < p.repeats; ++repeat, repeat_y.next(), repeat_index.next()) {
      const T* dy = static_cast<const T*>(call.buffers[1]) + y.offset + repeat_y.offset;
      const int64_t first = index.offset + repeat_index.offset;
      for (int64_t i = 0; i < p.y_length; ++i) {
        const int64_t place = place_of(p, call.buffers[0], first + i * p.index_step);
        if (place >= 0) dx[place * p.x_step] = static_cast<T>(dx[place * p.x_step] + dy[i * p.y_step]);
      }
    }
  }
}

// Lines are numbered over y (forward), or over x with the other positions of y as repeats (backward).
void describe(Parameters& p, const BufferType& x, const BufferType& indices, const BufferType& y, int64_t axis,
              bool backward) {
  if (axis < 0) axis += x.rank;
  p.x_length = x.dims[axis];
  p.y_length = y.dims[axis];
  p.index_type = indices.dtype;
  p.rank = p.repeat_rank = 0;
  p.lines = p.repeats = 1;
  int64_t strides[3][kernel_max_rank] = {}, x_stride = 1, y_stride = 1, index_stride = 1;
  for (int i = x.rank; i-- > 0;) {
    strides[0][i] = x.dims[i] == 1 ? 0 : x_stride;
    strides[1][i] = y_stride;
    strides[2][i] = indices.dims[i] == 1 ? 0 : index_stride;
    x_stride *= x.dims[i];
    y_stride *= y.dims[i];
    index_stride *= indices.dims[i];
  }
  p.x_step = strides[0][axis];
  p.y_step = strides[1][axis];
  p.index_step = strides[2][axis];
  for (int i = 0; i < x.rank; ++i) {
    if (i == axis) continue;
    if (backward && x.dims[i] == 1) {
      p.repeat_dims[p.repeat_rank] = y.dims[i];
      p.repeat_y[p.repeat_rank] = strides[1][i];
      p.repeat_index[p.repeat_rank++] = strides[2][i];
      p.repeats *= y.dims[i];
    } else {
      p.dims[p.rank] = y.dims[i];
      p.x_strides[p.rank] = strides[0][i];
      p.y_strides[p.rank] = strides[1][i];
      p.index_strides[p.rank++] = strides[2][i];
      p.lines *= y.dims[i];
    }
  }
  p.lines_per_unit = greater(1, unit_elements / greater(1, p.y_length * p.repeats + p.x_length * backward));
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const BufferType &x = problem.inputs[0], &y = problem.outputs[0];
  Parameters& p = parameters_of<Parameters>(plan);
  describe(p, x, problem.inputs[1], y, static_cast<const TakeAlongAxisAttributes*>(problem.attributes)->axis, false);
  p.outside = missing_bits(x.dtype);
  set_units(plan, GM_SELECT_BY_SIZE(run, size_of(x.dtype)), divide_up(p.lines, p.lines_per_unit),
            static_cast<double>(y.elements) * 2);
}

void prepare_backward(const KernelProblem& problem, KernelPlan& plan) {
  static const KernelFunction by_dtype[] = GM_TABLE_BY_DTYPE(run_backward);
  const BufferType &dy = problem.inputs[1], &dx = problem.outputs[0];
  Parameters& p = parameters_of<Parameters>(plan);
  describe(p, dx, problem.inputs[0], dy,
           static_cast<const TakeAlongAxisBackwardAttributes*>(problem.attributes)->axis, true);
  set_units(plan, by_dtype[static_cast<int>(dx.dtype)], divide_up(p.lines, p.lines_per_unit),
            static_cast<double>(dy.elements + dx.elements) * 2);
}

const char* refuse_backward(const KernelProblem& problem) {
  const DType dtype = problem.inputs[1].dtype;
  return dtype == DType::bfloat16 || dtype == DType::float16 ? "16-bit floats are not added up" : nullptr;
}

}  // namespace

void take_along_axis_kernels(KernelList& list) {
  static const Kernel kernel{"lines", nullptr, prepare};
  add_kernel(list, &kernel);
}

void take_along_axis_backward_kernels(KernelList& list) {
  static const Kernel kernel{"own lines", refuse_backward, prepare_backward};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
