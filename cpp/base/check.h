// Checks of our own invariants. User input is checked where it arrives, with the errors of error.h.
#pragma once

#include "base/error.h"

#define GM_CHECK(condition, ...)                                                                     \
  do {                                                                                               \
    if (!(condition)) {                                                                              \
      throw ::gradmill::InternalError(::gradmill::text("internal check failed (", #condition, "): ", \
                                                       __VA_ARGS__));                                \
    }                                                                                                \
  } while (false)
