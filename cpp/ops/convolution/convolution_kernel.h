#pragma once
// The geometry of a convolution as its kernels see it.
#include "cpu/axis_split.h"
#include "ops/convolution/convolution.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {

// Always three spatial axes; those that the problem lacks come first, with size 1.
struct ConvolutionGeometry {
  int64_t batch, channels, filters, groups;  // channels and filters of all groups together
  int64_t in[3], out[3], window[3];          // spatial sizes of input, output and kernel
  int64_t stride[3], padding[3], dilation[3];  // padding: in front

  int64_t taps() const { return window[0] * window[1] * window[2]; }
  int64_t in_pixels() const { return in[0] * in[1] * in[2]; }
  int64_t out_pixels() const { return out[0] * out[1] * out[2]; }
  int64_t group_channels() const { return channels / groups; }
  int64_t group_filters() const { return filters / groups; }
  double multiplications() const {
    return static_cast<double>(batch) * static_cast<double>(out_pixels()) * static_cast<double>(taps()) *
           static_cast<double>(group_channels()) * static_cast<double>(filters);
  }
};

static inline ConvolutionGeometry convolution_geometry(const ConvolutionAttributes& a, const BufferType& x,
                                                       const BufferType& y, const BufferType& kernel) {
  ConvolutionGeometry g;
  const int rank = x.rank - 2, missing = 3 - rank;
  g.batch = x.dims[0];
  g.channels = x.dims[x.rank - 1];
  g.filters = y.dims[y.rank - 1];
  g.groups = a.groups;
  for (int i = 0; i < 3; ++i) {
    const int from = i - missing;
    const bool present = from >= 0;
    g.in[i] = present ? x.dims[from + 1] : 1;
    g.out[i] = present ? y.dims[from + 1] : 1;
    g.window[i] = present ? kernel.dims[from] : 1;
    g.stride[i] = present && a.strides.size() ? a.strides[from] : 1;
    g.dilation[i] = present && a.dilation.size() ? a.dilation[from] : 1;
    g.padding[i] = present && a.padding_low.size() ? a.padding_low[from] : 0;
  }
  return g;
}

static inline const ConvolutionAttributes& convolution_attributes_of(const KernelProblem& problem) {
  return *static_cast<const ConvolutionAttributes*>(problem.attributes);
}

static inline ConvolutionGeometry forward_geometry(const KernelProblem& problem) {
  BufferType y = problem.outputs[0];  // of an epilogue any output: all have the shape of the convolution, but for 1s
  return convolution_geometry(convolution_attributes_of(problem), problem.inputs[0], y, problem.inputs[1]);
}
static inline ConvolutionGeometry input_gradient_geometry(const KernelProblem& problem) {
  return convolution_geometry(convolution_attributes_of(problem), problem.outputs[0], problem.inputs[0], problem.inputs[1]);
}
static inline ConvolutionGeometry kernel_gradient_geometry(const KernelProblem& problem) {
  return convolution_geometry(convolution_attributes_of(problem), problem.inputs[0], problem.inputs[1], problem.outputs[0]);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
