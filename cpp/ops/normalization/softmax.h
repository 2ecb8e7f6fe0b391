#pragma once

#include <cstdint>

namespace gradmill {

struct SoftmaxAttributes {
  int64_t axis = -1;
};

}  // namespace gradmill
