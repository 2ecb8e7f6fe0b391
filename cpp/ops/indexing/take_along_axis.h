#pragma once

#include "registry/attributes.h"
#include "registry/var.h"

namespace gradmill {

struct TakeAlongAxisAttributes {
  int64_t axis = -1;
};

// The gradient of take_along_axis from a tensor of `shape`.
struct TakeAlongAxisBackwardAttributes {
  Ints shape;
  int64_t axis = -1;
};

Var take_along_axis(const Var& x, const Var& indices, int64_t axis);
Var take_along_axis_backward(const Var& indices, const Var& dy, const Shape& shape, int64_t axis);

}  // namespace gradmill
