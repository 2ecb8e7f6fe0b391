#include "base/checksum.h"

#include <array>

namespace gradmill {
namespace {

// Table k holds the checksums of a byte with k zero bytes behind it, so eight bytes take eight independent look-ups
// (Kounavis and Berry 2005, "slicing by 8").
std::array<std::array<uint32_t, 256>, 8> make_tables() {
  std::array<std::array<uint32_t, 256>, 8> tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0x82f63b78u : 0);
    tables[0][byte] = value;
  }
  for (uint32_t byte = 0; byte < 256; ++byte) {
    for (size_t k = 1; k < 8; ++k) tables[k][byte] = (tables[k - 1][byte] >> 8) ^ tables[0][tables[k - 1][byte] & 0xff];
  }
  return tables;
}

}  // namespace

uint32_t crc32c(const unsigned char* data, size_t size) {
  static const auto tables = make_tables();
  uint32_t value = 0xffffffffu;
  for (; size >= 8; data += 8, size -= 8) {
    uint32_t next = 0;
    for (size_t k = 0; k < 8; ++k) next ^= tables[7 - k][data[k] ^ (k < 4 ? (value >> (8 * k)) & 0xff : 0)];
    value = next;
  }
  for (; size > 0; ++data, --size) value = tables[0][(value ^ *data) & 0xff] ^ (value >> 8);
  return value ^ 0xffffffffu;
}

}  // namespace gradmill
