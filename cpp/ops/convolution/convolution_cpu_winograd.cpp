// Forward convolutions of 3x3 by Winograd's method, with tiles of 4x4 or 2x2 results, and with stride 2.
#include "ops/convolution/winograd_pass_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class Tile>
const char* refuse(const KernelProblem& problem) {
  return refuse_for_winograd(problem, forward_geometry(problem), Tile::stride);
}

template <class Tile>
const char* decline(const KernelProblem& problem) {
  const ConvolutionGeometry g = forward_geometry(problem);
  if (g.channels < 4) return "fewer than 4 channels";
  return Tile::stride == 2 ? decline_strided_winograd(g) : decline_winograd<Tile>(g.out[1], g.out[2]);
}

template <class Tile>
void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const ConvolutionGeometry g = forward_geometry(problem);
  WinogradPass<Tile>& p = parameters_of<WinogradPass<Tile>>(plan);
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
  static const Kernel large{"winograd", refuse<WinogradTile4>, prepare<WinogradTile4>, decline<WinogradTile4>};
  static const Kernel small{"winograd 2x2", refuse<WinogradTile2>, prepare<WinogradTile2>, decline<WinogradTile2>};
  static const Kernel strided{"winograd stride 2", refuse<WinogradStridedTile>, prepare<WinogradStridedTile>,
                              decline<WinogradStridedTile>};
  add_kernel(list, &large);
  add_kernel(list, &small);
  add_kernel(list, &strided);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
