#pragma once

#include "registry/attributes.h"

namespace gradmill {

// With an epilogue the node's first two inputs are the factors and the others belong to the group, whose value 0 is the
// product; the node's outputs are the group's.
struct MatmulAttributes {
  bool transpose_a = false;
  bool transpose_b = false;
  bool rounds_b = false;  // b is float32 and rounded, as it is read, to the 16 bits in which a is stored
  bool wide = false;  // the product of 16-bit factors is float32, as it was computed
  TileGroupPointer epilogue = nullptr;
};

}  // namespace gradmill
