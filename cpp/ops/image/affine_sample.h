#pragma once

#include "registry/attributes.h"

namespace gradmill {

struct AffineSampleAttributes {
  int64_t height = 1, width = 1;  // of the result
  std::string method = "bilinear";
  std::string fill_mode = "constant";
  double fill_value = 0;
};

}  // namespace gradmill
