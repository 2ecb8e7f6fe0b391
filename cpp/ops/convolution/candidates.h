// Which kernel runs a convolution. As a rule the first of the op's list that neither refuses nor declines the problem;
// with GRADMILL_TUNE=1 another that can do it, if it proves clearly faster. That is measured, on few images, once for each
// op, shape, dtype and machine, and kept on disk (runtime/tuning_cache.h).
//
// Kernels differ in rounding, so with tuning the bits of a result depend on what was measured when the shape was first met;
// without it on nothing but the problem.
#pragma once

#include "registry/registry.h"

namespace gradmill {

bool is_convolution(const OpDef& op);

// `problem` is that of the op with these inputs and attributes, with or without an epilogue.
const Kernel& choose_convolution_kernel(const OpDef& op, const Attributes& attributes,
                                        const std::vector<TensorType>& inputs, const KernelProblem& problem);

}  // namespace gradmill
