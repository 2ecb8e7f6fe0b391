// How fast this machine multiplies and adds at most.
#pragma once

namespace gradmill {

// Multiply-adds in float32 a second that all workers together reach in a loop of nothing else, with the instruction set
// in use: the best of short runs within about `seconds`.
double peak_multiply_adds(double seconds);

}  // namespace gradmill
