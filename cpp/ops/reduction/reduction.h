#pragma once

#include "registry/attributes.h"

namespace gradmill {

// Of sum, prod, max and min.
struct ReductionAttributes {
  Ints axes;
  bool keepdims = false;
};

}  // namespace gradmill
