#include "runtime/ahead.h"

namespace gradmill {

constinit thread_local Ahead* worker_ahead = nullptr;

}  // namespace gradmill
