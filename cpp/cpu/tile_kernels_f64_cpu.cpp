// Tile instructions in float64.
#include "cpu/tile_kernels_scalar.h"

namespace gradmill::GM_ISA_NAMESPACE {

const TileKernel tile_kernels_f64[] = {
#define ELEMENTWISE(name, arity) scalar_kernel_or_null<double, functor::name, arity>(),
#include "math/elementwise.def"
#undef ELEMENTWISE
    GM_COMMON_TILE_KERNELS(double),
    &ScalarKernel<double, 3, DivideByRoot>::run,
    &ScalarKernel<double, 3, Interpolate>::run,
    &ScalarKernel<double, 3, InterpolateSquare>::run,
    nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
static_assert(sizeof tile_kernels_f64 == int(TileOpcode::count) * sizeof(TileKernel));

}  // namespace gradmill::GM_ISA_NAMESPACE
