#include "io/shared_memory.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace gradmill {

namespace {

[[noreturn]] void fail(int code, const char* what) { throw std::system_error(code, std::generic_category(), what); }

int open_unnamed() {
#ifdef __linux__
  return memfd_create("gradmill-hdf5", MFD_CLOEXEC);
#else
  const char* folder = std::getenv("TMPDIR");
  std::string path = std::string(folder ? folder : "/tmp") + "/gradmill-hdf5-XXXXXX";
  int descriptor = mkstemp(path.data());
  if (descriptor >= 0) {
    unlink(path.c_str());
  }
  return descriptor;
#endif
}

}  // namespace

SharedMemory::SharedMemory() : descriptor_(open_unnamed()) {
  if (descriptor_ < 0) {
    fail(errno, "hdf5: could not make shared memory");
  }
}

SharedMemory::~SharedMemory() { close(descriptor_); }

uint64_t SharedMemory::size() const {
  struct stat status;
  if (fstat(descriptor_, &status) != 0) {
    fail(errno, "hdf5: could not ask for the size of shared memory");
  }
  return static_cast<uint64_t>(status.st_size);
}

uint64_t SharedMemory::append(uint64_t bytes) {
  if (bytes == 0) {
    return size();
  }
  uint64_t offset = (size() + 63) / 64 * 64;
#ifdef __linux__
  // Reserves the pages now: touching memory that the system does not have would end the process.
  int code = posix_fallocate(descriptor_, static_cast<off_t>(offset), static_cast<off_t>(bytes));
#else
  int code = ftruncate(descriptor_, static_cast<off_t>(offset + bytes)) == 0 ? 0 : errno;
#endif
  if (code != 0) {
    fail(code, "hdf5: not enough memory for the file's contents");
  }
  return offset;
}

void SharedMemory::write(uint64_t offset, const void* source, uint64_t bytes) {
  const char* next = static_cast<const char*>(source);
  while (bytes > 0) {
    ssize_t written = pwrite(descriptor_, next, bytes, static_cast<off_t>(offset));
    if (written < 0 && errno != EINTR) {
      fail(errno, "hdf5: could not write shared memory");
    }
    if (written > 0) {
      next += written;
      offset += static_cast<uint64_t>(written);
      bytes -= static_cast<uint64_t>(written);
    }
  }
}

MappedBytes::MappedBytes(int descriptor, uint64_t offset, uint64_t bytes, bool writable) : size_(bytes) {
  if (bytes == 0) {
    return;
  }
  uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  uint64_t lead = offset % page;
  mapped_ = bytes + lead;
  int flags = writable ? MAP_SHARED : MAP_PRIVATE;
  start_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, flags, descriptor, static_cast<off_t>(offset - lead));
  if (start_ == MAP_FAILED) {
    start_ = nullptr;
    fail(errno, "hdf5: could not map memory");
  }
  data_ = static_cast<std::byte*>(start_) + lead;
}

MappedBytes::~MappedBytes() {
  if (start_ != nullptr) {
    munmap(start_, mapped_);
  }
}

MappedBytes::MappedBytes(MappedBytes&& other) noexcept { *this = std::move(other); }

MappedBytes& MappedBytes::operator=(MappedBytes&& other) noexcept {
  std::swap(start_, other.start_);
  std::swap(mapped_, other.mapped_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace gradmill
