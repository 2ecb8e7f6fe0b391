// Looking for NaN and infinity.
#pragma once

#include "tensor/tensor.h"

namespace gradmill {

// The position of the first element that is NaN or infinite, or -1. Integers and bools are always finite.
int64_t first_not_finite(const TensorType& type, const void* data);

}  // namespace gradmill
