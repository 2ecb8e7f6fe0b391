#pragma once

#include <cstdint>

namespace gradmill {

// Of sort and argsort.
struct SortAttributes {
  int64_t axis = -1;
  bool descending = false;
};

}  // namespace gradmill
