#pragma once

#include "registry/attributes.h"

namespace gradmill {

// Shared by the three ops of the family; each names in its signature the fields that it reads. Lists have one entry for
// each spatial axis; an empty one stands for ones (strides, dilation) or zeros (padding).
struct ConvolutionAttributes {
  Ints strides, padding_low, padding_high, dilation;
  int64_t groups = 1;
  Ints input_size;   // of the input gradient: spatial sizes of its result
  Ints kernel_size;  // of the kernel gradient: spatial sizes of its result
  // As in matmul: with an epilogue the node's inputs after the first two and its outputs belong to the group, whose
  // value 0 is the convolution.
  TileGroupPointer epilogue;
};

}  // namespace gradmill
