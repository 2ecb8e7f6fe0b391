// The plain form, for what no other kernel takes: each output pixel sums over the kernel, with the filters as vectors.
#include "cpu/tile_run.h"
#include "ops/convolution/convolution_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters {
  ConvolutionGeometry geometry;
  int64_t lines_per_unit;  // a line is a row of output pixels
  const TileProgram* program;
  int program_operands;  // inputs of the node beyond the first two, then outputs
};

template <class T>
void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const ConvolutionGeometry& g = p.geometry;
  const T *x = static_cast<const T*>(call.buffers[0]), *kernel = static_cast<const T*>(call.buffers[1]);
  const int64_t line_length = g.out[2] * g.filters;
  void* operands[max_tile_operands];
  for (int i = 0; i < p.program_operands; ++i) operands[i + 1] = call.buffers[i + 2];
  const int64_t depth = g.group_channels(), width = g.group_filters();
  const int64_t last = lesser(call.end * p.lines_per_unit, g.batch * g.out[0] * g.out[1]);
  for (int64_t line = call.begin * p.lines_per_unit; line < last; ++line) {
    const int64_t image = line / (g.out[0] * g.out[1]), o0 = line / g.out[1] % g.out[0], o1 = line % g.out[1];
    T* y = p.program ? reinterpret_cast<T*>(call.worker_scratch) : static_cast<T*>(call.buffers[2]) + line * line_length;
    for (int64_t o2 = 0; o2 < g.out[2]; ++o2) {
      T* to = y + o2 * g.filters;
      for (int64_t f = 0; f < g.filters; ++f) to[f] = T(0);
      for (int64_t tap = 0; tap < g.taps(); ++tap) {
        const int64_t i0 = o0 * g.stride[0] - g.padding[0] + tap / (g.window[1] * g.window[2]) * g.dilation[0];
        const int64_t i1 = o1 * g.stride[1] - g.padding[1] + tap / g.window[2] % g.window[1] * g.dilation[1];
        const int64_t i2 = o2 * g.stride[2] - g.padding[2] + tap % g.window[2] * g.dilation[2];
        if (i0 < 0 || i1 < 0 || i2 < 0 || i0 >= g.in[0] || i1 >= g.in[1] || i2 >= g.in[2]) continue;
        const T* from = x + (((image * g.in[0] + i0) * g.in[1] + i1) * g.in[2] + i2) * g.channels;
        for (int64_t c = 0; c < depth; ++c) {
          const T* row = kernel + (tap * depth + c) * g.filters;
          for (int64_t group = 0; group < g.groups; ++group) {
            const T value = from[group * depth + c];
            for (int64_t f = group * width; f < (group + 1) * width; ++f) to[f] += value * row[f];
          }
        }
      }
    }
    if (p.program) {
      operands[0] = y - line * line_length;  // the program finds element i at i
      run_tile_program(*p.program, operands, line * line_length, (line + 1) * line_length);
    }
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  p.geometry = forward_geometry(problem);
  p.program = problem.program;
  p.program_operands = problem.program ? problem.input_count - 2 + problem.output_count : 0;
  const ConvolutionGeometry& g = p.geometry;
  const int64_t lines = g.batch * g.out[0] * g.out[1];
  const double work = g.multiplications();
  p.lines_per_unit = greater(1, static_cast<int64_t>(50000.0 * static_cast<double>(lines) / work));
  set_units(plan, problem.inputs[0].dtype == DType::float32 ? run<float> : run<double>,
            divide_up(lines, p.lines_per_unit), work);
  if (p.program) plan.worker_scratch_bytes = static_cast<size_t>(g.out[2] * g.filters) * sizeof(double);
}

}  // namespace

void add_bfloat16_convolution(KernelList& list);   // convolution_cpu_bfloat16.cpp
void add_thirds_convolution(KernelList& list);     // convolution_cpu_thirds.cpp
void add_depthwise_convolution(KernelList& list);  // convolution_cpu_depthwise.cpp
void add_winograd_convolution(KernelList& list);  // convolution_cpu_winograd.cpp
void add_implicit_convolution(KernelList& list);   // convolution_cpu_implicit.cpp

void convolution_kernels(KernelList& list) {
  add_bfloat16_convolution(list);
  add_thirds_convolution(list);
  add_depthwise_convolution(list);
  add_winograd_convolution(list);
  add_implicit_convolution(list);
  static const Kernel kernel{"plain", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
