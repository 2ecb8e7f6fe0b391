#pragma once
// What the convolutions on bfloat16 units take. Everything here has internal linkage.
#include "ops/bfloat16_tiles_kernel.h"
#include "ops/convolution/convolution_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int most_bfloat16_taps = 64;

static inline const char* refuse_geometry(const ConvolutionGeometry& g) {
  if (g.groups != 1) return "groups";
  if (g.batch == 0) return "no images";
  if (g.window[0] != 1 || g.in[0] != 1 || g.out[0] != 1 || g.padding[0] != 0) return "three spatial axes";
  if (g.window[1] * g.window[2] > most_bfloat16_taps) return "a large window";
  for (int i = 1; i < 3; ++i) {
    if (g.stride[i] != g.stride[1] || g.dilation[i] != 1) return "dilation, or strides that differ";
    if (g.window[i] < g.stride[i]) return "pixels that no tap sees";
    if (g.padding[i] >= g.window[i] || (g.stride[i] == 1 && g.out[i] + g.window[i] - 1 - g.padding[i] < g.in[i])) return "padding beyond the window";
  }
  return g.channels == 0 || g.filters == 0 ? "no channels" : nullptr;
}

// `depth`: the channels that are summed, which tiles take as they lie in memory.
static inline const char* refuse_for_bfloat16(const KernelProblem& problem, const ConvolutionGeometry& g, int64_t depth) {
  if (problem.inputs[0].dtype != DType::bfloat16) return "the images are not bfloat16";
  if (depth % (2 * bfloat16_tile_pairs) != 0) return "channels that are no whole tiles";
  return refuse_geometry(g);
}

static inline const char* refuse_for_thirds(const KernelProblem& problem, const ConvolutionGeometry& g) {
  if (problem.inputs[0].dtype != DType::float32) return "the inputs are not float32";
  if (!problem.program && problem.outputs[0].dtype != DType::float32) return "the result is not float32";
  return refuse_geometry(g);
}

// Where most of what the tiles compute would be left out, `useful` of `spent` terms being wanted.
static inline const char* decline_waste(int64_t useful, int64_t spent) {
  return 100 * useful < 45 * spent ? "images so small that most of a tile is waste" : nullptr;
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
