#pragma once
// Statistics of channels, in one pass over the data: what batch normalization needs, forward and backward.
#include "registry/attributes.h"
#include "registry/var.h"

namespace gradmill {

// Mean and biased variance of x over all axes but the last.
Vars channel_moments(const Var& x);
// Over all axes but the last: the sum of dy, and the sum of dy * (x - center) with `center` (channels,).
Vars channel_products(const Var& dy, const Var& x, const Var& center);

// All axes of a shape but the last, and how many elements share one channel.
struct ChannelRows {
  explicit ChannelRows(const Shape& x) {
    for (int i = 0; i + 1 < x.rank(); ++i) {
      axes.push_back(i);
      count *= static_cast<double>(x[i]);
    }
  }
  Ints axes;
  double count = 1;
};

}  // namespace gradmill
