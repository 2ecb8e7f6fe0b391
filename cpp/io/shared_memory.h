// Memory without a name that a process and its child both see.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gradmill {

// Grows at its end only. Sizes are kept by the kernel, so parent and child need not tell each other.
class SharedMemory {
 public:
  SharedMemory();  // throws std::system_error
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  uint64_t size() const;

  // Reserves `bytes` zeroed bytes at a multiple of 64 and returns their offset. Throws std::system_error when
  // memory is short.
  uint64_t append(uint64_t bytes);

  void write(uint64_t offset, const void* source, uint64_t bytes);

  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

// A view of a part of a file or of shared memory.
class MappedBytes {
 public:
  MappedBytes() = default;
  // With `writable` the view changes the shared memory itself. Throws std::system_error.
  MappedBytes(int descriptor, uint64_t offset, uint64_t bytes, bool writable);
  ~MappedBytes();
  MappedBytes(const MappedBytes&) = delete;
  MappedBytes& operator=(const MappedBytes&) = delete;
  MappedBytes(MappedBytes&& other) noexcept;
  MappedBytes& operator=(MappedBytes&& other) noexcept;

  std::byte* data() const { return data_; }
  uint64_t size() const { return size_; }

 private:
  void* start_ = nullptr;  // at a page's border
  uint64_t mapped_ = 0;
  std::byte* data_ = nullptr;
  uint64_t size_ = 0;
};

}  // namespace gradmill
