// Runs a prepared kernel by itself, outside of a plan.
#pragma once

#include "registry/kernel.h"

namespace gradmill {

// As many workers as there is work for, and as can run at the same time here.
int workers_for(const KernelPlan& plan);
// Scratch memory that so many workers need together.
size_t scratch_bytes(const KernelPlan& plan, int workers);
// `scratch` has the bytes that scratch_bytes says.
void run_kernel(const KernelPlan& plan, void* const* buffers, int workers, char* scratch);

}  // namespace gradmill
