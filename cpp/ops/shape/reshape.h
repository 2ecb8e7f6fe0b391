#pragma once

#include "registry/attributes.h"

namespace gradmill {

struct ReshapeAttributes {
  Ints shape;
};

}  // namespace gradmill
