// For test cases that emit ops, or make plans, which compute constants: ops run at once, as in the Python module.
#pragma once

#include "eager/eager_emitter.h"

struct Eager {
  Eager() { gradmill::install_eager_emitter(&emitter); }
  ~Eager() { gradmill::install_eager_emitter(nullptr); }

  gradmill::EagerEmitter emitter;
};
