#pragma once
#include <cstddef>
#include <cstdint>

namespace gradmill {

// CRC-32C (Castagnoli's polynomial), which files of records carry.
uint32_t crc32c(const unsigned char* data, size_t size);

}  // namespace gradmill
