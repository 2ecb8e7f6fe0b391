// Input gradients of 3x3 convolutions by Winograd's method, with tiles of 4x4 or 2x2 results, and with stride 2.
#include "ops/convolution/winograd_pass_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class Tile>
const char* refuse(const KernelProblem& problem) {
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  if (Tile::stride == 2 && (g.padding[1] != 0 || g.padding[2] != 0)) return "padding in front";
  return refuse_for_winograd(problem, g, Tile::stride);
}

template <class Tile>
const char* decline(const KernelProblem& problem) {
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  if (g.filters < 4) return "fewer than 4 filters";
  return Tile::stride == 2 ? decline_strided_winograd(g) : decline_winograd<Tile>(g.in[1], g.in[2]);
}

template <class Tile>
void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  WinogradPass<Tile>& p = parameters_of<WinogradPass<Tile>>(plan);
  // What the first tile sees in front of dy.
  const int64_t before[2] = {Tile::stride == 2 ? 1 : 2 - g.padding[1], Tile::stride == 2 ? 1 : 2 - g.padding[2]};
  p.tiles = {g.batch * g.in[0], g.out[1], g.out[2], {before[0], before[1]}, 0, 0};
  p.height = g.in[1];
  p.width = g.in[2];
  p.source = g.filters;
  p.target = g.channels;
  p.source_step = 1;
  p.target_step = g.filters;
  p.tap_step = g.channels * g.filters;
  p.turned = Tile::stride == 1;
  p.program = nullptr;
  p.program_operands = 0;
  plan_winograd_pass(p, g.multiplications(), plan);
}

}  // namespace

void add_winograd_input_gradient(KernelList& list) {
  static const Kernel large{"winograd", refuse<WinogradTile4>, prepare<WinogradTile4>, decline<WinogradTile4>};
  static const Kernel small{"winograd 2x2", refuse<WinogradTile2>, prepare<WinogradTile2>, decline<WinogradTile2>};
  static const Kernel strided{"winograd stride 2", refuse<WinogradTransposedTile>, prepare<WinogradTransposedTile>,
                              decline<WinogradTransposedTile>};
  add_kernel(list, &large);
  add_kernel(list, &small);
  add_kernel(list, &strided);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
