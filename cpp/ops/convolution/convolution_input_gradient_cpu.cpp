// The plain form, for what no other kernel takes: each input pixel gathers what the output pixels that saw it send back.
#include "ops/convolution/convolution_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters {
  ConvolutionGeometry geometry;
  int64_t lines_per_unit;  // a line is a row of input pixels
};

// The output index that saw input index i through the kernel's index t, or -1.
inline int64_t seen_by(const ConvolutionGeometry& g, int axis, int64_t i, int64_t t) {
  const int64_t reached = i + g.padding[axis] - t * g.dilation[axis];
  const int64_t o = reached / g.stride[axis];
  return reached >= 0 && o * g.stride[axis] == reached && o < g.out[axis] ? o : -1;
}

template <class T>
void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const ConvolutionGeometry& g = p.geometry;
  const T *dy = static_cast<const T*>(call.buffers[0]), *kernel = static_cast<const T*>(call.buffers[1]);
  T* dx = static_cast<T*>(call.buffers[2]);
  const int64_t depth = g.group_channels(), width = g.group_filters();
  const int64_t last = lesser(call.end * p.lines_per_unit, g.batch * g.in[0] * g.in[1]);
  for (int64_t line = call.begin * p.lines_per_unit; line < last; ++line) {
    const int64_t image = line / (g.in[0] * g.in[1]), i0 = line / g.in[1] % g.in[0], i1 = line % g.in[1];
    for (int64_t i2 = 0; i2 < g.in[2]; ++i2) {
      T* to = dx + (line * g.in[2] + i2) * g.channels;
      for (int64_t c = 0; c < g.channels; ++c) to[c] = T(0);
      for (int64_t tap = 0; tap < g.taps(); ++tap) {
        const int64_t o0 = seen_by(g, 0, i0, tap / (g.window[1] * g.window[2]));
        const int64_t o1 = seen_by(g, 1, i1, tap / g.window[2] % g.window[1]);
        const int64_t o2 = seen_by(g, 2, i2, tap % g.window[2]);
        if (o0 < 0 || o1 < 0 || o2 < 0) continue;
        const T* from = dy + (((image * g.out[0] + o0) * g.out[1] + o1) * g.out[2] + o2) * g.filters;
        for (int64_t c = 0; c < depth; ++c) {
          const T* row = kernel + (tap * depth + c) * g.filters;
          for (int64_t group = 0; group < g.groups; ++group) {
            T sum = T(0);
            for (int64_t f = group * width; f < (group + 1) * width; ++f) sum += from[f] * row[f];
            to[group * depth + c] += sum;
          }
        }
      }
    }
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  p.geometry = input_gradient_geometry(problem);
  const ConvolutionGeometry& g = p.geometry;
  const int64_t lines = g.batch * g.in[0] * g.in[1];
  const double work = g.multiplications();
  p.lines_per_unit = greater(1, static_cast<int64_t>(50000.0 * static_cast<double>(lines) / work));
  set_units(plan, problem.inputs[0].dtype == DType::float32 ? run<float> : run<double>,
            divide_up(lines, p.lines_per_unit), work);
}

}  // namespace

void add_bfloat16_input_gradient(KernelList& list);   // convolution_cpu_bfloat16.cpp
void add_thirds_input_gradient(KernelList& list);     // convolution_cpu_thirds.cpp
void add_depthwise_input_gradient(KernelList& list);  // convolution_input_gradient_cpu_depthwise.cpp
void add_winograd_input_gradient(KernelList& list);  // convolution_input_gradient_cpu_winograd.cpp
void add_scatter_input_gradient(KernelList& list);    // convolution_input_gradient_cpu_scatter.cpp
void add_implicit_input_gradient(KernelList& list);   // convolution_input_gradient_cpu_implicit.cpp

void convolution_input_gradient_kernels(KernelList& list) {
  add_bfloat16_input_gradient(list);
  add_thirds_input_gradient(list);
  add_depthwise_input_gradient(list);
  add_winograd_input_gradient(list);
  add_scatter_input_gradient(list);
  add_implicit_input_gradient(list);
  static const Kernel kernel{"plain", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
