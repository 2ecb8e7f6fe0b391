// Input gradients of 3x3 convolutions by Winograd's method, with tiles of 4x4 or 2x2 results.
#include "ops/convolution/winograd_pass_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

const char* refuse(const KernelProblem& problem) { return refuse_for_winograd(problem, input_gradient_geometry(problem)); }

template <class Tile>
const char* decline(const KernelProblem& problem) {
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  if (g.filters < 4) return "fewer than 4 filters";
  return decline_winograd<Tile>(g.in[1], g.in[2]);
}

template <class Tile>
void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  WinogradPass<Tile>& p = parameters_of<WinogradPass<Tile>>(plan);
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
  static const Kernel large{"winograd", refuse, prepare<WinogradTile4>, decline<WinogradTile4>};
  static const Kernel small{"winograd 2x2", refuse, prepare<WinogradTile2>, decline<WinogradTile2>};
  add_kernel(list, &large);
  add_kernel(list, &small);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
