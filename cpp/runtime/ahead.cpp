#include "runtime/ahead.h"

namespace gradmill {
namespace {

thread_local Ahead* current = nullptr;

}  // namespace

Ahead* worker_ahead() { return current; }
void set_worker_ahead(Ahead* ahead) { current = ahead; }

}  // namespace gradmill
