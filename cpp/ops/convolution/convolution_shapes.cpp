#include "ops/convolution/convolution_shapes.h"

namespace gradmill {
namespace {

constexpr int64_t limit = int64_t{1} << 31;

void check_list(const InferScope& s, const char* name, Ints& list, int rank, int64_t least, int64_t if_empty) {
  if (list.empty()) list.assign(rank, if_empty);
  if (list.size() != static_cast<size_t>(rank)) {
    s.argument_error(name, " must have one entry for each of the ", rank, " spatial axes; received ", list.size());
  }
  for (int64_t each : list) {
    if (each < least || each >= limit) {
      s.argument_error(name, " must be ", least, " or more and below 2^31; received ", each);
    }
  }
}

}  // namespace

ConvolutionAttributes checked_attributes(const InferScope& s, int spatial_rank) {
  ConvolutionAttributes a = s.attributes<ConvolutionAttributes>();
  check_list(s, "strides", a.strides, spatial_rank, 1, 1);
  check_list(s, "dilation", a.dilation, spatial_rank, 1, 1);
  check_list(s, "padding_low", a.padding_low, spatial_rank, 0, 0);
  check_list(s, "padding_high", a.padding_high, spatial_rank, 0, 0);
  if (a.groups < 1) s.argument_error("groups must be 1 or more; received ", a.groups);
  return a;
}

Ints convolved_size(const InferScope& s, const ConvolutionAttributes& a, const Shape& image, const Shape& kernel,
                    const char* image_name) {
  const int rank = kernel.rank() - 2;
  const int64_t channels = image.back(), filters = kernel.back(), group_channels = kernel[rank];
  if (channels < 1 || filters < 1) {
    s.shape_error("expected 1 or more channels and filters; received ", image_name, " ", image, " and kernel ", kernel);
  }
  if (channels % a.groups != 0 || filters % a.groups != 0) {
    s.shape_error("groups=", a.groups, " must divide the ", channels, " channels of ", image_name, " ", image,
                  " and the ", filters, " filters of kernel ", kernel);
  }
  if (group_channels != channels / a.groups) {
    s.shape_error("expected a kernel of ", channels / a.groups, " channels for ", image_name, " ", image,
                  a.groups > 1 ? text(" in ", a.groups, " groups") : std::string(), "; received kernel ", kernel);
  }
  Ints size(rank);
  for (int i = 0; i < rank; ++i) {
    if (kernel[i] < 1) s.shape_error("expected a kernel of 1 or more along each spatial axis; received kernel ", kernel);
    const bool overflows = kernel[i] - 1 > (int64_t{1} << 60) / a.dilation[i];
    const int64_t reach = overflows ? 0 : (kernel[i] - 1) * a.dilation[i] + 1;
    const int64_t padded = image[i + 1] + a.padding_low[i] + a.padding_high[i];
    if (overflows || reach > padded) {
      s.shape_error("the kernel is larger than the padded input along spatial axis ", i, ": kernel ", kernel,
                    " with dilation ", a.dilation[i], ", ", image_name, " ", image, " with padding ", a.padding_low[i],
                    " and ", a.padding_high[i], "; use a smaller kernel or dilation, larger inputs or padding='same'");
    }
    size[i] = (padded - reach) / a.strides[i] + 1;
  }
  return size;
}

Shape image_shape(int64_t batch, const Ints& size, int64_t channels) {
  std::vector<int64_t> dims{batch};
  dims.insert(dims.end(), size.begin(), size.end());
  dims.push_back(channels);
  return Shape(dims);
}

Signature& convolution_attributes(Signature& signature) {
  using A = ConvolutionAttributes;
  return signature.attribute("strides", &A::strides, "step of the kernel along each spatial axis")
      .attribute("padding_low", &A::padding_low, "zeros in front of each spatial axis")
      .attribute("padding_high", &A::padding_high, "zeros behind each spatial axis")
      .attribute("dilation", &A::dilation, "distance between neighbours in the kernel, along each spatial axis")
      .attribute("groups", &A::groups, "channels and filters fall into so many groups that do not mix");
}

bool is_pointwise(const ConvolutionAttributes& a, const Shape& kernel) {
  for (int i = 0; i + 2 < kernel.rank(); ++i) {
    if (kernel[i] != 1) return false;
  }
  for (int64_t each : a.strides) {
    if (each != 1) return false;
  }
  for (const Ints* list : {&a.padding_low, &a.padding_high}) {
    for (int64_t each : *list) {
      if (each != 0) return false;
    }
  }
  return a.groups == 1;
}

}  // namespace gradmill
