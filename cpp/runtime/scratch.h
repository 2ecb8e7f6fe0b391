// Memory for kernels that run outside a plan: one growing buffer a thread, kept while small.
#pragma once

#include <cstddef>

namespace gradmill {

// At least `bytes`, 64-byte aligned, valid until the next call from this thread.
char* thread_scratch(size_t bytes);

constexpr size_t round_up_to_line(size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace gradmill
