#pragma once

#include "registry/attributes.h"

namespace gradmill {

// One entry for each spatial axis; empty strides are ones, empty paddings are zeros.
struct PoolingAttributes {
  Ints window, strides, padding_low, padding_high;
};

struct AveragePoolAttributes : PoolingAttributes {
  bool count_include_padding = false;
};

struct AveragePoolGradientAttributes : AveragePoolAttributes {
  Ints input_size;  // of the spatial axes
};

}  // namespace gradmill
