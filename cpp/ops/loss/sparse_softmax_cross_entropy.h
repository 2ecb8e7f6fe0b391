#pragma once

#include <cstdint>

namespace gradmill {

// Of sparse_softmax_cross_entropy and its backward op.
struct SparseSoftmaxCrossEntropyAttributes {
  int64_t ignore_class = INT64_MIN;  // no label has this value
};

}  // namespace gradmill
