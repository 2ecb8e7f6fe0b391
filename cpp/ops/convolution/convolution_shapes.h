// What the three convolution ops check and infer alike, and their C++ builders' common part.
#pragma once

#include "ops/convolution/convolution.h"
#include "registry/op_def.h"

namespace gradmill {

// Attributes with every list filled, after checking that each entry is within its range.
ConvolutionAttributes checked_attributes(const InferScope& s, int spatial_rank);

// Checks the shapes of image (batch, spatial..., channels) and kernel (spatial..., channels / groups, filters) against
// each other; returns the spatial sizes of their convolution. `image_name` is what messages call the first.
Ints convolved_size(const InferScope& s, const ConvolutionAttributes& attributes, const Shape& image,
                    const Shape& kernel, const char* image_name);

Shape image_shape(int64_t batch, const Ints& size, int64_t channels);

// Adds the attributes that all three ops have.
Signature& convolution_attributes(Signature& signature);

// True for a kernel of one pixel, without strides, padding and groups: the convolution is a matrix product.
bool is_pointwise(const ConvolutionAttributes& attributes, const Shape& kernel);

}  // namespace gradmill
