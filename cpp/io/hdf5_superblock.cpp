// Source: "HDF5 File Format Specification Version 3.0", part II.A (The HDF Group).
#include "io/hdf5_superblock.h"

#include "base/error.h"

#include <cstring>

namespace gradmill {

namespace {

constexpr unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
constexpr uint64_t undefined_address = ~uint64_t{0};

uint64_t little_endian(const std::byte* bytes, int size) {
  uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) {
    value = value << 8 | static_cast<uint64_t>(bytes[i]);
  }
  return value;
}

bool has_signature(const std::byte* bytes, uint64_t size, uint64_t offset) {
  return size >= offset + sizeof(signature) && std::memcmp(bytes + offset, signature, sizeof(signature)) == 0;
}

struct Superblock {
  uint64_t bytes;         // that this version takes
  uint64_t address_size;
  uint64_t length_size;
  uint64_t addresses;     // offset of base address, second address (by version), end of file, third address
};

Superblock describe(const std::byte* bytes, uint64_t size, int version) {
  if (version >= 2) {
    return {48, size > 9 ? little_endian(bytes + 9, 1) : 0, size > 10 ? little_endian(bytes + 10, 1) : 0, 12};
  }
  uint64_t start = version == 0 ? 24 : 28;
  return {start + 72, size > 13 ? little_endian(bytes + 13, 1) : 0, size > 14 ? little_endian(bytes + 14, 1) : 0,
          start};
}

}  // namespace

void check_superblock(const std::byte* bytes, uint64_t size, const std::string& label) {
  if (!has_signature(bytes, size, 0)) {
    for (uint64_t offset = 512; offset < size && offset < (uint64_t{1} << 40); offset *= 2) {
      if (has_signature(bytes, size, offset)) {
        throw ArgumentError(text(label, ": expected HDF5 data from the first byte; received a user block of ", offset,
                                 " bytes before it; write the file again without one"));
      }
    }
    throw ArgumentError(text(label, ": expected an HDF5 file; received ", size,
                             " bytes without the HDF5 signature; check the path and that the file is complete"));
  }
  int version = size > 8 ? static_cast<int>(bytes[8]) : 0;
  if (version > 3) {
    throw ArgumentError(text(label, ": expected HDF5 superblock version 0 to 3; received ", version,
                             "; the file is damaged or from a newer HDF5"));
  }
  Superblock block = describe(bytes, size, version);
  if (size < block.bytes) {
    throw ArgumentError(text(label, ": expected at least ", block.bytes, " bytes of HDF5; received ", size,
                             "; the file is truncated, copy or save it again"));
  }
  if (block.address_size != 8 || block.length_size != 8) {
    throw ArgumentError(text(label, ": expected HDF5 addresses and lengths of 8 bytes; received ", block.address_size,
                             " and ", block.length_size, "; write the file again with usual settings"));
  }
  const std::byte* addresses = bytes + block.addresses;
  uint64_t base = little_endian(addresses, 8);
  if (base != 0) {
    throw ArgumentError(text(label, ": expected HDF5 base address 0; received ", base, "; the file is damaged"));
  }
  uint64_t end = little_endian(addresses + 16, 8);
  if (end > size) {
    throw ArgumentError(text(label, ": expected ", end, " bytes as its superblock says; received ", size,
                             "; the file is truncated, copy or save it again"));
  }
  if (version < 2 && little_endian(addresses + 24, 8) != undefined_address) {
    throw ArgumentError(text(label, ": expected one HDF5 file that stands alone; received a driver information block "
                             "(a file in several parts); write it again as one file"));
  }
}

}  // namespace gradmill
