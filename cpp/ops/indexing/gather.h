#pragma once

#include "registry/attributes.h"

namespace gradmill {

struct GatherAttributes {
  int64_t axis = 0;
};

// The gradient of gather from a tensor of `shape`.
struct GatherBackwardAttributes {
  Ints shape;
  int64_t axis = 0;
};

}  // namespace gradmill
