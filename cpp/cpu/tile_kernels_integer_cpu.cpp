// Tile instructions in int32 and int64.
#include "cpu/tile_kernels_scalar.h"

namespace gradmill::GM_ISA_NAMESPACE {

const TileKernel tile_kernels_i32[] = {
#define ELEMENTWISE(name, arity) scalar_kernel_or_null<int32_t, functor::name, arity>(),
#include "math/elementwise.def"
#undef ELEMENTWISE
    GM_COMMON_TILE_KERNELS(int32_t), nullptr, nullptr, nullptr, nullptr, nullptr,
    nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};

const TileKernel tile_kernels_i64[] = {
#define ELEMENTWISE(name, arity) scalar_kernel_or_null<int64_t, functor::name, arity>(),
#include "math/elementwise.def"
#undef ELEMENTWISE
    GM_COMMON_TILE_KERNELS(int64_t), nullptr, nullptr, nullptr, nullptr, nullptr,
    nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
static_assert(sizeof tile_kernels_i64 == int(TileOpcode::count) * sizeof(TileKernel));

}  // namespace gradmill::GM_ISA_NAMESPACE
