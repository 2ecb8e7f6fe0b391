#pragma once

#include "registry/var.h"

namespace gradmill {

struct LogSoftmaxAttributes {
  int64_t axis = -1;
};

Var log_softmax(const Var& x, int64_t axis = -1);

}  // namespace gradmill
