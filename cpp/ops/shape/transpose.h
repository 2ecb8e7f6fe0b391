#pragma once

#include "registry/attributes.h"

namespace gradmill {

struct TransposeAttributes {
  Ints permutation;
};

}  // namespace gradmill
