#include "execute/costs.h"

#include "ops/linalg/matmul.h"
#include "registry/emitter.h"
#include "registry/registry.h"

namespace gradmill {
namespace {

// F(4x4, 3x3) (Lavin and Gray 2016): 36 products for a tile of 4x4 results, whole tiles at the borders too.
constexpr int64_t winograd_side = 4;
constexpr double winograd_products = 36;

// The three ops of a convolution, each by the value at the pixels of its result and by its kernel.
struct ConvolutionValues {
  const Value *pixels = nullptr, *kernel = nullptr;
};

ConvolutionValues convolution_values(const Node& node) {
  switch (static_cast<OpId>(node.op->id)) {
    case OpId::convolution: return {node.outputs[0].get(), node.inputs[1].get()};
    case OpId::convolution_input_gradient: return {node.inputs[0].get(), node.inputs[1].get()};
    case OpId::convolution_kernel_gradient: return {node.inputs[1].get(), node.outputs[0].get()};
    default: return {};
  }
}

double elements(const Value& value) { return static_cast<double>(value.type.elements()); }

}  // namespace

const char* role_in_layer(const Node& node) {
  if (!is_gradient_scope(node.scope)) return "forward";
  if (direct_multiply_adds(node) == 0) return "gradient";
  // A product gives the gradient of weights when it adds up over the rows of its left factor.
  const bool of_kernel = node.op->id == static_cast<int>(OpId::matmul)
                             ? node.attributes.as<MatmulAttributes>().transpose_a
                             : node.op->id == static_cast<int>(OpId::convolution_kernel_gradient);
  return of_kernel ? "kernel gradient" : "input gradient";
}

double direct_multiply_adds(const Node& node) {
  if (node.op->id == static_cast<int>(OpId::matmul)) {
    const Shape& a = node.inputs[0]->type.shape;
    const bool transposed = node.attributes.as<MatmulAttributes>().transpose_a;
    return elements(*node.outputs[0]) * static_cast<double>(a[a.rank() - (transposed ? 2 : 1)]);
  }
  const auto [pixels, kernel] = convolution_values(node);
  // Every number at a pixel is a sum over all but the last axis of the kernel.
  if (!pixels) return 0;
  const Shape& taps = kernel->type.shape;
  return elements(*pixels) * elements(*kernel) / static_cast<double>(taps[taps.rank() - 1]);
}

double kernel_multiply_adds(const Node& node, const std::string& kernel) {
  if (kernel != "winograd") return direct_multiply_adds(node);
  const auto [pixels, weights] = convolution_values(node);
  // The input's gradient is a convolution whose results are the input's pixels.
  const bool of_input = node.op->id == static_cast<int>(OpId::convolution_input_gradient);
  const Shape &shape = (of_input ? node.outputs[0].get() : pixels)->type.shape, &taps = weights->type.shape;
  double tiles = 1;
  for (int i = 0; i + 1 < shape.rank(); ++i) {
    const int64_t side = i + 3 < shape.rank() ? 1 : winograd_side;
    tiles *= static_cast<double>((shape[i] + side - 1) / side);
  }
  return tiles * winograd_products * static_cast<double>(taps[taps.rank() - 2] * taps[taps.rank() - 1]);
}

}  // namespace gradmill
