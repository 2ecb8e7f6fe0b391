// A value that has memory: type, storage, place in the storage. Always dense and row-major.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace gradmill {

struct TensorType {
  DType dtype = DType::float32;
  Shape shape;

  int64_t elements() const { return shape.elements(); }
  size_t bytes() const { return static_cast<size_t>(elements()) * size_of(dtype); }
  bool operator==(const TensorType& other) const { return dtype == other.dtype && shape == other.shape; }
  bool operator!=(const TensorType& other) const { return !(*this == other); }
};

std::string to_string(const TensorType& type);  // "float32(2, 3)"
std::ostream& operator<<(std::ostream& stream, const TensorType& type);

// A block of memory, 64-byte aligned when it is ours. Memory of others (a NumPy array) comes with a release function.
class Storage {
 public:
  static std::shared_ptr<Storage> allocate(size_t bytes);
  static std::shared_ptr<Storage> adopt(void* data, size_t bytes, std::function<void()> release);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  char* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  Storage(char* data, size_t bytes, std::function<void()> release);

  char* data_;
  size_t bytes_;
  std::function<void()> release_;
};

struct Tensor {
  TensorType type;
  std::shared_ptr<Storage> storage;
  size_t offset = 0;  // bytes from the start of the storage

  static Tensor empty(const TensorType& type);
  static Tensor scalar(double value, DType dtype);
  template <class T>
  T* data() const { return reinterpret_cast<T*>(storage->data() + offset); }
  void* raw() const { return storage->data() + offset; }
  bool defined() const { return storage != nullptr; }
  Tensor reshaped(const Shape& shape) const;
  Tensor clone() const;
};

// The single element converted to double. The tensor must have exactly one element.
double scalar_value(const Tensor& tensor);

}  // namespace gradmill
