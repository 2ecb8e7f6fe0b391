// Threads that help with work of which each piece is a matter of one thread, beside the lockstep workers of plans: they
// sleep while there is nothing to do, and nobody waits for one that the system has not woken yet.
#pragma once

#include "base/function_ref.h"

namespace gradmill {

// Runs `body` in this thread, and meanwhile in up to `helpers` others as far as they have nothing else to do; returns when
// all that have begun are done. The body takes pieces of work until there are none, and must not throw. Denormals are zero
// inside.
void run_with_helpers(int helpers, FunctionRef<void()> body);

}  // namespace gradmill
