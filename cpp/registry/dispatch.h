// The kernels of the instruction-set level in use.
#pragma once

#include <string>

#include "math/tile_program.h"
#include "registry/kernel.h"

namespace gradmill {

const KernelList& kernels_of(int op);
// Whether the kernel can do it, be it the choice by rule or not.
bool takes(const Kernel& kernel, const KernelProblem& problem);
// The user's choice if it can do it, else the choice by rule; null if there is none, for `reasons` that are appended.
const Kernel* find_kernel(int op, const KernelProblem& problem, std::string* reasons = nullptr);

}  // namespace gradmill
