// The kernels of the instruction-set level in use.
#pragma once

#include "math/tile_program.h"
#include "registry/kernel.h"

namespace gradmill {

const KernelList& kernels_of(int op);

}  // namespace gradmill
