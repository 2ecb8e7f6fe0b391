// Arenas of plans, shared by the plans of a process. Nothing in an arena outlives a run, so the plans of a last smaller
// batch and of an evaluation work in the arena that training has, instead of each keeping one.
#pragma once

#include <memory>

#include "tensor/tensor.h"

namespace gradmill {

struct Arena {
  std::shared_ptr<Storage> storage;  // null once it is given up
  bool busy = false;
};

// The largest arena that nobody works in, marked busy, or a new one if that is smaller than `bytes`: smaller ones are then
// given up, as their plans will find the new one. An arena lives as long as a plan remembers it. Plans may ask from several
// threads.
std::shared_ptr<Arena> take_arena(size_t bytes);
void give_back(const std::shared_ptr<Arena>& arena);

// Bytes that `take_arena(bytes)` would allocate now.
size_t missing_arena_bytes(size_t bytes);

}  // namespace gradmill
