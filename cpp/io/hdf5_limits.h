// How large the contents of a weight file may be. Generous for real files; their purpose is that a small file
// cannot ask for all memory.
#pragma once

#include <cstdint>

namespace gradmill {

constexpr uint64_t max_objects = 1'000'000;
constexpr uint64_t max_group_members = 200'000;
constexpr uint64_t max_attribute_bytes = uint64_t{256} << 20;

// Up to 1 MiB nothing need be stored: a dataset that was never written holds its fill value.
constexpr uint64_t largest_plain_size(uint64_t stored) { return stored > (1u << 20) ? stored : (1u << 20); }

// Deflate expands at most 1032 times (RFC 1951: 258 bytes from 2 bits).
constexpr uint64_t largest_expanded_size(uint64_t stored) {
  return stored > UINT64_MAX / 2048 ? UINT64_MAX : (uint64_t{16} << 20) + stored * 1032;
}

// Physical memory of this machine.
uint64_t machine_memory();

// For a process that exists to read a file of `size` bytes from a stranger: it writes no core file, may take 1 GiB of
// memory beyond what it uses now, and two seconds of processor time plus one for every 2 MB. Beyond that it is ended
// by SIGXCPU. (Processor time, because a waiting machine must not make good files look bad.)
void limit_this_process(uint64_t size);

// Moves both limits for a dataset of `bytes` bytes: memory by that much, time by a second for every 20 MB. Does nothing
// in processes that are not limited.
void allow_dataset(uint64_t bytes);

}  // namespace gradmill
