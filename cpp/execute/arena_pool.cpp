#include "execute/arena_pool.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <mutex>
#include <vector>

#include "tensor/spare_memory.h"

namespace gradmill {
namespace {

std::mutex pool_mutex;
std::vector<std::weak_ptr<Arena>> pool;

// What making the variables has freed is kept for more of its kind, by us and by the C library: as much as the variables
// take, and of no use to a large arena.
void return_freed_memory(size_t wanted) {
  constexpr size_t large = size_t{16} << 20;
  if (wanted < large) return;
  free_spare_memory();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

// The largest arena that is not busy, or null. To be called with the lock held.
std::shared_ptr<Arena> largest_idle() {
  std::shared_ptr<Arena> largest;
  for (const auto& entry : pool) {
    std::shared_ptr<Arena> arena = entry.lock();
    if (arena && arena->storage && !arena->busy && (!largest || arena->storage->bytes() > largest->storage->bytes())) {
      largest = std::move(arena);
    }
  }
  return largest;
}

}  // namespace

std::shared_ptr<Arena> take_arena(size_t bytes) {
  const std::lock_guard<std::mutex> lock(pool_mutex);
  std::shared_ptr<Arena> arena = largest_idle();
  if (!arena || arena->storage->bytes() < bytes) {
    for (; arena; arena = largest_idle()) arena->storage = nullptr;
    return_freed_memory(bytes);
    arena = std::make_shared<Arena>(Arena{Storage::allocate(bytes)});
    pool.erase(std::remove_if(pool.begin(), pool.end(), [](const auto& entry) { return entry.expired(); }), pool.end());
    pool.push_back(arena);
  }
  arena->busy = true;
  return arena;
}

void give_back(const std::shared_ptr<Arena>& arena) {
  const std::lock_guard<std::mutex> lock(pool_mutex);
  if (arena) arena->busy = false;
}

size_t missing_arena_bytes(size_t bytes) {
  const std::lock_guard<std::mutex> lock(pool_mutex);
  const std::shared_ptr<Arena> arena = largest_idle();
  return arena && arena->storage->bytes() >= bytes ? 0 : bytes;
}

}  // namespace gradmill
