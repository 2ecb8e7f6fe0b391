// Forward convolutions of 3x3 by Winograd's F(4x4, 3x3).
#include "ops/convolution/winograd_pass_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

const char* refuse(const KernelProblem& problem) { return refuse_for_winograd(problem, forward_geometry(problem)); }

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const ConvolutionGeometry g = forward_geometry(problem);
  WinogradPass& p = parameters_of<WinogradPass>(plan);
  p.tiles = {g.batch * g.in[0], g.in[1], g.in[2], {g.padding[1], g.padding[2]}, 0, 0};
  p.height = g.out[1];
  p.width = g.out[2];
  p.source = g.channels;
  p.target = g.filters;
  p.source_step = g.filters;
  p.target_step = 1;
  p.tap_step = g.channels * g.filters;
  p.turned = false;
  p.program = problem.program;
  p.program_operands = problem.program ? problem.input_count - 2 + problem.output_count : 0;
  plan_winograd_pass(p, g.multiplications(), plan);
}

}  // namespace

void add_winograd_convolution(KernelList& list) {
  static const Kernel kernel{"winograd", refuse, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
