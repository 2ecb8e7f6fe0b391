#pragma once

#include "registry/var.h"

namespace gradmill {

struct CumsumAttributes {
  int64_t axis = 0;
  bool reverse = false;
  bool exclusive = false;
};

Var cumsum(const Var& x, const CumsumAttributes& attributes);

}  // namespace gradmill
