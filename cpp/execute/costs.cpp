#include "execute/costs.h"

#include "ops/linalg/matmul.h"
#include "ops/recurrent/recurrence.h"
#include "registry/emitter.h"
#include "registry/registry.h"

namespace gradmill {
namespace {

double elements(const Value& value) { return static_cast<double>(value.type.elements()); }

// Winograd's method (Lavin and Gray 2016) for a kernel of 3x3: results and products of a tile along an axis, zeros for other
// kernels.
struct WinogradSizes {
  int64_t outputs = 0, points = 0;
};

WinogradSizes winograd_sizes(const std::string& kernel, bool of_input) {
  if (kernel == "winograd") return {4, 6};
  if (kernel == "winograd 2x2") return {2, 4};
  if (kernel == "winograd stride 2") return {of_input ? 8 : 4, 9};
  return {};
}

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

// Multiply-adds of a product of queries and keys, and of one of their weights and the values; zeros for other ops.
struct AttentionProducts {
  double scores = 0, values = 0;
};

AttentionProducts attention_products(const Node& node) {
  const bool backward = node.op->id == static_cast<int>(OpId::attention_backward);
  if (!backward && node.op->id != static_cast<int>(OpId::attention)) return {};
  const auto shape = [&](size_t i) -> const Shape& { return node.inputs[i + (backward ? 1 : 0)]->type.shape; };
  const Shape &query = shape(0), &key = shape(1), &value = shape(2);
  const auto pairs = static_cast<double>(query[0] * query[1] * query[2] * key[1]);
  return {pairs * static_cast<double>(query[3]), pairs * static_cast<double>(value[3])};
}

// Multiply-adds of a recurrence over its whole sequence, masked steps too; 0 for other ops.
double recurrence_multiply_adds(const Node& node) {
  size_t x;
  bool forward = false, wants_x = true;
  switch (static_cast<OpId>(node.op->id)) {
    case OpId::simple_rnn:
    case OpId::lstm:
    case OpId::gru: x = 0; forward = true; break;
    case OpId::simple_rnn_backward:
    case OpId::gru_backward: x = 1; break;
    case OpId::lstm_backward: x = 2; break;
    default: return 0;
  }
  if (!forward) wants_x = node.attributes.as<RecurrenceBackAttributes>().wants_x;
  const auto rows = static_cast<double>(node.inputs[x]->type.shape[0] * node.inputs[x]->type.shape[1]);
  const double kernel = elements(*node.inputs[x + 1]), recurrent = elements(*node.inputs[x + 2]);
  // Backward, each kernel is a factor of what arrives, and gets a gradient.
  return rows * (forward ? kernel + recurrent : kernel * (wants_x ? 2 : 1) + 2 * recurrent);
}

}  // namespace

const char* role_in_layer(const Node& node) {
  if (!is_gradient_scope(node.scope)) return "forward";
  if (direct_multiply_adds(node) == 0 || recurrence_multiply_adds(node) > 0) return "gradient";
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
  if (const double recurrence = recurrence_multiply_adds(node); recurrence > 0) return recurrence;
  const auto [scores, values] = attention_products(node);
  if (scores > 0) return (scores + values) * (node.op->id == static_cast<int>(OpId::attention) ? 1 : 2);
  const auto [pixels, kernel] = convolution_values(node);
  // Every number at a pixel is a sum over all but the last axis of the kernel.
  if (!pixels) return 0;
  const Shape& taps = kernel->type.shape;
  return elements(*pixels) * elements(*kernel) / static_cast<double>(taps[taps.rank() - 1]);
}

double kernel_multiply_adds(const Node& node, const std::string& kernel) {
  // Attention makes its scores again for the gradient.
  if (node.op->id == static_cast<int>(OpId::attention_backward)) return direct_multiply_adds(node) + attention_products(node).scores;
  // The input's gradient is a convolution whose results are the input's pixels.
  const bool of_input = node.op->id == static_cast<int>(OpId::convolution_input_gradient);
  const auto [outputs, points] = winograd_sizes(kernel, of_input);
  if (outputs == 0) return direct_multiply_adds(node);
  const auto [pixels, weights] = convolution_values(node);
  const Shape &shape = (of_input ? node.outputs[0].get() : pixels)->type.shape, &taps = weights->type.shape;
  double tiles = 1;  // whole ones at the borders too
  for (int i = 0; i + 1 < shape.rank(); ++i) {
    const int64_t side = i + 3 < shape.rank() ? 1 : outputs;
    tiles *= static_cast<double>((shape[i] + side - 1) / side);
  }
  const double products = static_cast<double>(points * points);  // of a tile
  return tiles * products * static_cast<double>(taps[taps.rank() - 2] * taps[taps.rank() - 1]);
}

}  // namespace gradmill
