#pragma once

#include "registry/attributes.h"

namespace gradmill {

struct PadAttributes {
  Ints before, after;
  double value = 0;
};

}  // namespace gradmill
