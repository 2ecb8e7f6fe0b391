#include "io/hdf5_snapshot.h"

#include "base/error.h"

#include <cstring>

namespace gradmill {

namespace {

class Encoder {
 public:
  void put(uint64_t value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }
  void put(const std::string& value) {
    put(value.size());
    bytes_ += value;
  }
  void put(const std::vector<uint64_t>& values) {
    put(values.size());
    for (uint64_t value : values) {
      put(value);
    }
  }
  void put(const Hdf5Attribute& attribute) {
    put(attribute.name);
    put(attribute.holds_text);
    put(static_cast<uint64_t>(attribute.type));
    put(attribute.shape);
    put(attribute.texts.size());
    for (const std::string& value : attribute.texts) {
      put(value);
    }
    put(attribute.numbers);
  }
  void put(const Hdf5Node& node) {
    put(node.name);
    put(node.is_group);
    put(node.attributes.size());
    for (const Hdf5Attribute& attribute : node.attributes) {
      put(attribute);
    }
    put(node.members.size());
    for (const Hdf5Node& member : node.members) {
      put(member);
    }
    put(static_cast<uint64_t>(node.type));
    put(node.shape);
    put(node.data_offset);
    put(node.has_data);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Decoder {
 public:
  Decoder(const std::byte* bytes, size_t size, uint64_t memory_size)
      : next_(bytes), left_(size), memory_size_(memory_size) {}

  Hdf5Node node(int depth) {
    require(depth <= max_group_depth + 1);
    Hdf5Node node;
    node.name = string();
    node.is_group = number() != 0;
    node.attributes.resize(count());
    for (Hdf5Attribute& each : node.attributes) {
      each = attribute();
    }
    node.members.resize(count());
    for (Hdf5Node& member : node.members) {
      member = this->node(depth + 1);
    }
    node.type = type();
    node.shape = shape();
    node.data_offset = number();
    node.has_data = number() != 0;
    if (node.has_data) {
      uint64_t bytes = element_count(node.shape, "hdf5") * size_of(node.type);
      require(node.data_offset <= memory_size_ && bytes <= memory_size_ - node.data_offset);
    }
    return node;
  }

 private:
  void require(bool condition) {
    if (!condition) {
      throw ArgumentError("the process that read it returned a damaged result, as corrupted files can cause");
    }
  }
  const std::byte* bytes(uint64_t size) {
    require(size <= left_);
    const std::byte* start = next_;
    next_ += size;
    left_ -= size;
    return start;
  }
  uint64_t number() {
    uint64_t value;
    std::memcpy(&value, bytes(sizeof(value)), sizeof(value));
    return value;
  }
  // Of things that take at least eight bytes each, so that a false number cannot ask for much memory.
  uint64_t count() {
    uint64_t value = number();
    require(value <= left_ / 8);
    return value;
  }
  std::string string() {
    uint64_t size = number();
    return std::string(reinterpret_cast<const char*>(bytes(size)), size);
  }
  ElementType type() {
    uint64_t value = number();
    require(value < element_type_count);
    return static_cast<ElementType>(value);
  }
  std::vector<uint64_t> shape() {
    std::vector<uint64_t> values(count());
    for (uint64_t& value : values) {
      value = number();
    }
    require(values.size() <= 32 && element_count(values, "hdf5") <= UINT64_MAX / 8);
    return values;
  }
  Hdf5Attribute attribute() {
    Hdf5Attribute attribute;
    attribute.name = string();
    attribute.holds_text = number() != 0;
    attribute.type = type();
    attribute.shape = shape();
    attribute.texts.resize(count());
    for (std::string& value : attribute.texts) {
      value = string();
    }
    attribute.numbers = string();
    uint64_t elements = element_count(attribute.shape, "hdf5");
    require(attribute.holds_text ? attribute.texts.size() == elements
                                 : attribute.numbers.size() == elements * size_of(attribute.type));
    return attribute;
  }

  const std::byte* next_;
  size_t left_;
  uint64_t memory_size_;
};

}  // namespace

uint64_t element_count(const std::vector<uint64_t>& shape, const std::string& label) {
  uint64_t count = 1;
  bool overflows = false;
  bool empty = false;
  for (uint64_t extent : shape) {
    empty = empty || extent == 0;
    overflows = overflows || __builtin_mul_overflow(count, extent == 0 ? 1 : extent, &count);
  }
  if (overflows) {
    std::string sizes;
    for (uint64_t extent : shape) {
      sizes += (sizes.empty() ? "" : ", ") + std::to_string(extent);
    }
    throw ArgumentError(text(label, ": expected a shape whose product 64 bits can hold; received (", sizes, ")"));
  }
  return empty ? 0 : count;
}

std::string encode_snapshot(const Hdf5Node& root) {
  Encoder encoder;
  encoder.put(root);
  return encoder.take();
}

Hdf5Node decode_snapshot(const std::byte* bytes, size_t size, uint64_t memory_size) {
  return Decoder(bytes, size, memory_size).node(0);
}

}  // namespace gradmill
