// The first look at a file, before libhdf5 sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace gradmill {

// Throws ArgumentError, its text starting with `label`, unless `bytes` begins with a complete superblock of a file that
// stands alone: signature at byte 0, 8-byte addresses, base address 0, no driver block (files in several parts),
// and an end of file that lies within `size`. Versions 0 to 3 are known.
void check_superblock(const std::byte* bytes, uint64_t size, const std::string& label);

}  // namespace gradmill
