#include "tensor/tensor.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

#include "base/check.h"
#include "tensor/half.h"
#include "tensor/spare_memory.h"

namespace gradmill {
namespace {

constexpr size_t alignment = 64;
// Large blocks start on a huge-page boundary and ask for huge pages: fewer TLB misses and page faults. What is left at the
// end gets small pages, which take no more memory than is used.
constexpr size_t huge_page = size_t{2} << 20;

size_t rounded_up(size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

// Blocks that were given back lately. A training loop asks for the same sizes at every step; the C library would return so
// much memory to the system in between, and get it back page by page, each filled with zeros first: for results of 4 MB
// that is as long as a depthwise convolution takes.
class SpareBlocks {
 public:
  // The block of this size that was given back last, or null.
  char* take(size_t bytes) {
    if (!keeps(bytes)) return nullptr;
    const std::lock_guard<std::mutex> lock(mutex_);
    for (size_t i = blocks_.size(); i-- > 0;) {
      if (blocks_[i].bytes != bytes) continue;
      char* const data = blocks_[i].data;
      blocks_.erase(blocks_.begin() + static_cast<long>(i));
      total_ -= bytes;
      return data;
    }
    return nullptr;
  }

  void give(char* data, size_t bytes) {
    if (!keeps(bytes)) return std::free(data);
    const std::lock_guard<std::mutex> lock(mutex_);
    blocks_.push_back({data, bytes});
    total_ += bytes;
    size_t oldest = 0;
    while (total_ > most_bytes) {
      total_ -= blocks_[oldest].bytes;
      std::free(blocks_[oldest++].data);
    }
    blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<long>(oldest));
  }

  void clear() {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Block& block : blocks_) std::free(block.data);
    blocks_.clear();
    total_ = 0;
  }

 private:
  struct Block {
    char* data;
    size_t bytes;
  };
  static constexpr size_t least = size_t{16} << 10, largest = size_t{64} << 20, most_bytes = size_t{128} << 20;

  static bool keeps(size_t bytes) { return bytes >= least && bytes <= largest; }

  std::mutex mutex_;
  std::vector<Block> blocks_;  // the oldest first
  size_t total_ = 0;
};

// Leaked on purpose: tensors may be given back while the process ends.
SpareBlocks& spare_blocks() {
  static SpareBlocks& blocks = *new SpareBlocks();
  return blocks;
}

char* allocate_aligned(size_t bytes) {
  const bool huge = bytes >= 2 * huge_page;
  const size_t unit = huge ? huge_page : alignment;
  const size_t rounded = rounded_up(bytes);
  if (rounded < bytes) throw ArgumentError(text("memory: a tensor of ", bytes, " bytes cannot exist"));
  // The system may promise more than there is and end the process when the memory is touched: refuse before.
  static const size_t machine_bytes = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (rounded > machine_bytes) {
    throw ArgumentError(text("memory: a tensor of ", bytes, " bytes does not fit into this machine's ", machine_bytes,
                             "; use smaller sizes or a smaller batch"));
  }
  if (char* const spare = spare_blocks().take(rounded)) return spare;
  void* data = nullptr;  // not by std::aligned_alloc, whose sizes are multiples of the alignment
  if (posix_memalign(&data, unit, rounded ? rounded : unit) != 0) {
    throw ArgumentError(text("memory: ", bytes, " bytes could not be allocated; use a smaller batch or model"));
  }
#ifdef MADV_HUGEPAGE
  if (huge) madvise(data, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
  return static_cast<char*>(data);
}

template <class T>
double read_as_double(const Tensor& tensor) {
  return static_cast<double>(*tensor.data<T>());
}

}  // namespace

Storage::Storage(char* data, size_t bytes, std::function<void()> release)
    : data_(data), bytes_(bytes), release_(std::move(release)) {}

Storage::~Storage() {
  if (release_) {
    release_();
  } else {
    spare_blocks().give(data_, rounded_up(bytes_));
  }
}

std::shared_ptr<Storage> Storage::allocate(size_t bytes) {
  return std::shared_ptr<Storage>(new Storage(allocate_aligned(bytes), bytes, nullptr));
}

void free_spare_memory() { spare_blocks().clear(); }

std::shared_ptr<Storage> Storage::adopt(void* data, size_t bytes, std::function<void()> release) {
  return std::shared_ptr<Storage>(new Storage(static_cast<char*>(data), bytes, std::move(release)));
}

std::string to_string(const TensorType& type) { return name_of(type.dtype) + to_string(type.shape); }
std::ostream& operator<<(std::ostream& stream, const TensorType& type) { return stream << to_string(type); }

Tensor Tensor::empty(const TensorType& type) { return {type, Storage::allocate(type.bytes()), 0}; }

Tensor Tensor::scalar(double value, DType dtype) {
  Tensor result = empty({dtype, Shape()});
  switch (dtype) {
    case DType::float32: *result.data<float>() = static_cast<float>(value); break;
    case DType::float64: *result.data<double>() = value; break;
    case DType::bfloat16: *result.data<uint16_t>() = float_to_bfloat16(static_cast<float>(value)); break;
    case DType::float16: *result.data<uint16_t>() = float_to_float16(static_cast<float>(value)); break;
    case DType::int8: *result.data<int8_t>() = static_cast<int8_t>(value); break;
    case DType::int16: *result.data<int16_t>() = static_cast<int16_t>(value); break;
    case DType::int32: *result.data<int32_t>() = static_cast<int32_t>(value); break;
    case DType::int64: *result.data<int64_t>() = static_cast<int64_t>(value); break;
    case DType::uint8: *result.data<uint8_t>() = static_cast<uint8_t>(value); break;
    case DType::uint16: *result.data<uint16_t>() = static_cast<uint16_t>(value); break;
    case DType::uint32: *result.data<uint32_t>() = static_cast<uint32_t>(value); break;
    case DType::boolean: *result.data<uint8_t>() = value != 0; break;
  }
  return result;
}

Tensor Tensor::reshaped(const Shape& shape) const {
  GM_CHECK(shape.elements() == type.elements(), "reshape of ", type.shape, " to ", shape);
  return {{type.dtype, shape}, storage, offset};
}

Tensor Tensor::clone() const {
  Tensor copy = empty(type);
  std::memcpy(copy.raw(), raw(), type.bytes());
  return copy;
}

double scalar_value(const Tensor& tensor) {
  GM_CHECK(tensor.type.elements() == 1, "scalar_value of ", tensor.type);
  switch (tensor.type.dtype) {
    case DType::float32: return read_as_double<float>(tensor);
    case DType::float64: return read_as_double<double>(tensor);
    case DType::bfloat16: return bfloat16_to_float(*tensor.data<uint16_t>());
    case DType::float16: return float16_to_float(*tensor.data<uint16_t>());
    case DType::int8: return read_as_double<int8_t>(tensor);
    case DType::int16: return read_as_double<int16_t>(tensor);
    case DType::int32: return read_as_double<int32_t>(tensor);
    case DType::int64: return read_as_double<int64_t>(tensor);
    case DType::uint8: return read_as_double<uint8_t>(tensor);
    case DType::uint16: return read_as_double<uint16_t>(tensor);
    case DType::uint32: return read_as_double<uint32_t>(tensor);
    case DType::boolean: return *tensor.data<uint8_t>() != 0;
  }
  throw InternalError("scalar_value: unknown dtype");
}

}  // namespace gradmill
