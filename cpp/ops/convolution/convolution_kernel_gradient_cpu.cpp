// The plain form, for what no other kernel takes: each row of the kernel (one tap, one channel) sums over all pixels.
#include "ops/convolution/convolution_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters {
  ConvolutionGeometry geometry;
};

template <class T>
void run(const KernelCall& call) {
  const ConvolutionGeometry& g = parameters_of<Parameters>(call).geometry;
  const T *x = static_cast<const T*>(call.buffers[0]), *dy = static_cast<const T*>(call.buffers[1]);
  T* dkernel = static_cast<T*>(call.buffers[2]);
  const int64_t depth = g.group_channels(), width = g.group_filters(), pixels = g.batch * g.out_pixels();
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const int64_t tap = unit / depth, c = unit % depth;
    T* to = dkernel + unit * g.filters;
    for (int64_t f = 0; f < g.filters; ++f) to[f] = T(0);
    for (int64_t pixel = 0; pixel < pixels; ++pixel) {
      const int64_t o2 = pixel % g.out[2], o1 = pixel / g.out[2] % g.out[1];
      const int64_t o0 = pixel / (g.out[2] * g.out[1]) % g.out[0], image = pixel / g.out_pixels();
      const int64_t i0 = o0 * g.stride[0] - g.padding[0] + tap / (g.window[1] * g.window[2]) * g.dilation[0];
      const int64_t i1 = o1 * g.stride[1] - g.padding[1] + tap / g.window[2] % g.window[1] * g.dilation[1];
      const int64_t i2 = o2 * g.stride[2] - g.padding[2] + tap % g.window[2] * g.dilation[2];
      if (i0 < 0 || i1 < 0 || i2 < 0 || i0 >= g.in[0] || i1 >= g.in[1] || i2 >= g.in[2]) continue;
      const T* from = x + (((image * g.in[0] + i0) * g.in[1] + i1) * g.in[2] + i2) * g.channels;
      const T* gradient = dy + pixel * g.filters;
      for (int64_t group = 0; group < g.groups; ++group) {
        const T value = from[group * depth + c];
        for (int64_t f = group * width; f < (group + 1) * width; ++f) to[f] += value * gradient[f];
      }
    }
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  p.geometry = kernel_gradient_geometry(problem);
  const ConvolutionGeometry& g = p.geometry;
  set_units(plan, problem.inputs[0].dtype == DType::float32 ? run<float> : run<double>, g.taps() * g.group_channels(),
            g.multiplications());
}

}  // namespace

void add_bfloat16_kernel_gradient(KernelList& list);   // convolution_kernel_gradient_cpu_bfloat16.cpp
void add_thirds_kernel_gradient(KernelList& list);     // convolution_kernel_gradient_cpu_thirds.cpp
void add_depthwise_kernel_gradient(KernelList& list);  // convolution_kernel_gradient_cpu_depthwise.cpp
void add_winograd_kernel_gradient(KernelList& list);  // convolution_kernel_gradient_cpu_winograd.cpp
void add_implicit_kernel_gradient(KernelList& list);   // convolution_kernel_gradient_cpu_implicit.cpp

void convolution_kernel_gradient_kernels(KernelList& list) {
  add_bfloat16_kernel_gradient(list);
  add_thirds_kernel_gradient(list);
  add_depthwise_kernel_gradient(list);
  add_winograd_kernel_gradient(list);
  add_implicit_kernel_gradient(list);
  static const Kernel kernel{"plain", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
