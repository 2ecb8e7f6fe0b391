#pragma once

#include "registry/attributes.h"

namespace gradmill {

struct ResampleAttributes {
  int64_t axis = 1;
  int64_t size = 1;
  std::string method = "bilinear";
  bool antialias = false;
};

struct ResampleGradientAttributes : ResampleAttributes {
  int64_t input_size = 1;
};

}  // namespace gradmill
