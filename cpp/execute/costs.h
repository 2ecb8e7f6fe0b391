// What a step must do at least: the figures that its time is compared with.
#pragma once

#include <string>

#include "graph/graph.h"

namespace gradmill {

// Multiply-adds of a product, a convolution or a recurrence, counted by the direct method, taps beyond the border and
// masked steps included; 0 for other ops.
double direct_multiply_adds(const Node& node);
// The multiply-adds that the kernel of that name carries out: fewer than the direct method where it is Winograd's.
double kernel_multiply_adds(const Node& node, const std::string& kernel);
// What the node is to its layer: "forward" or "gradient"; of a product or a convolution in the way back "input gradient"
// or "kernel gradient".
const char* role_in_layer(const Node& node);

}  // namespace gradmill
