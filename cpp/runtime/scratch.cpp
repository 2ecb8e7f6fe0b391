#include "runtime/scratch.h"

#include <memory>

#include "tensor/tensor.h"

namespace gradmill {

char* thread_scratch(size_t bytes) {
  // Larger buffers are not kept: a single huge op must not hold memory for the rest of the process.
  constexpr size_t keep_limit = size_t{16} << 20;
  thread_local std::shared_ptr<Storage> kept;
  if (!kept || kept->bytes() < bytes || kept->bytes() > keep_limit) kept = Storage::allocate(bytes < 4096 ? 4096 : bytes);
  return kept->data();
}

}  // namespace gradmill
