#pragma once

#include "registry/attributes.h"

namespace gradmill {

struct SliceAttributes {
  Ints starts, counts, steps;
};

// The gradient of a slice of a tensor of `shape`.
struct SliceBackwardAttributes {
  Ints shape, starts, counts, steps;
};

}  // namespace gradmill
