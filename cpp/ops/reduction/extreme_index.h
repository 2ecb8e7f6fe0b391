#pragma once

#include "registry/attributes.h"

namespace gradmill {

// Of argmax and argmin.
struct ExtremeIndexAttributes {
  int64_t axis = -1;
  bool keepdims = false;
};

}  // namespace gradmill
