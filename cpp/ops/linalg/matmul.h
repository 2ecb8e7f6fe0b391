#pragma once

#include "registry/attributes.h"

namespace gradmill {

// With an epilogue the node's first two inputs are the factors and the others belong to the group, whose value 0 is the
// product; the node's outputs are the group's.
struct MatmulAttributes {
  bool transpose_a = false;
  bool transpose_b = false;
  TileGroupPointer epilogue;
};

}  // namespace gradmill
