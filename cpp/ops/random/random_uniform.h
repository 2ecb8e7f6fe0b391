#pragma once

#include "registry/attributes.h"

namespace gradmill {

struct RandomUniformAttributes {
  Ints shape;
  DType dtype = DType::float32;
};

}  // namespace gradmill
