// The contents of an HDF5 file as plain values: a tree of groups and datasets with their attributes.
//
// A snapshot is made in a process of its own (see hdf5_reader.h) and crosses to us through shared memory, so it has
// a byte form. The decoder trusts nothing in it: the process that wrote it read a file from a stranger.
#pragma once

#include "io/hdf5_types.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gradmill {

constexpr int max_group_depth = 64;

struct Hdf5Attribute {
  std::string name;
  bool holds_text = false;
  ElementType type = ElementType::float32;  // of numbers
  std::vector<uint64_t> shape;              // empty for a scalar
  std::vector<std::string> texts;           // in C order
  std::string numbers;                      // bytes in this machine's order, in C order
};

struct Hdf5Node {
  std::string name;
  bool is_group = true;
  std::vector<Hdf5Attribute> attributes;
  std::vector<Hdf5Node> members;  // of a group, by name
  ElementType type = ElementType::float32;
  std::vector<uint64_t> shape;
  uint64_t data_offset = 0;  // of a dataset's values in the shared memory
  bool has_data = false;
};

// Number of elements, or an ArgumentError that starts with `label` when 64 bits cannot hold it.
uint64_t element_count(const std::vector<uint64_t>& shape, const std::string& label);

std::string encode_snapshot(const Hdf5Node& root);

// Throws ArgumentError when `bytes` is no snapshot or points outside `memory_size` bytes of values.
Hdf5Node decode_snapshot(const std::byte* bytes, size_t size, uint64_t memory_size);

}  // namespace gradmill
