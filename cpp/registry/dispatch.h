// The kernels of the instruction-set level in use.
#pragma once

#include "math/tile_program.h"
#include "registry/kernel.h"

namespace gradmill {

const KernelList& kernels_of(int op);
// Whether the kernel can do it, be it the choice by rule or not.
bool takes(const Kernel& kernel, const KernelProblem& problem);

}  // namespace gradmill
