#pragma once

#include <cstdint>

namespace gradmill {

struct ConcatenateAttributes {
  int64_t axis = 0;
};

}  // namespace gradmill
