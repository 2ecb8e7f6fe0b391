// Input gradients of 3x3 convolutions by Winograd's F(4x4, 3x3).
#include "ops/convolution/winograd_pass_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

const char* refuse(const KernelProblem& problem) {
  return refuse_for_winograd(problem, input_gradient_geometry(problem));
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  WinogradPass& p = parameters_of<WinogradPass>(plan);
  p.tiles = {g.batch * g.in[0], g.out[1], g.out[2], {2 - g.padding[1], 2 - g.padding[2]}, 0, 0};
  p.height = g.in[1];
  p.width = g.in[2];
  p.source = g.filters;
  p.target = g.channels;
  p.source_step = 1;
  p.target_step = g.filters;
  p.tap_step = g.channels * g.filters;
  p.turned = true;
  p.program = nullptr;
  p.program_operands = 0;
  plan_winograd_pass(p, g.multiplications(), plan);
}

}  // namespace

void add_winograd_input_gradient(KernelList& list) {
  static const Kernel kernel{"winograd", refuse, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
