// Writes HDF5 files in the oldest form of the format, as h5py does by default, so that every version reads them.
#pragma once

#include "io/hdf5_types.h"

#include <cstdint>
#include <string>
#include <vector>

namespace gradmill {

struct Hdf5Storage {
  int compression = 0;    // gzip level 0 (none) to 9
  bool checksum = false;  // fletcher32 over each chunk; readers verify it
};

class Hdf5Writer {
 public:
  // Replaces a file at `path`.
  explicit Hdf5Writer(const std::string& path);

  // Paths are absolute ("/layers/dense"); missing groups on the way are made. A name that exists is an ArgumentError.
  void make_group(const std::string& path);
  void write_dataset(const std::string& path, ElementType type, const std::vector<uint64_t>& shape, const void* values,
                     const Hdf5Storage& storage);

  // `owner` is "/" or a path written before. Text is variable-length UTF-8; attributes with a shape take at most about
  // 64 kB in the object's header (16 bytes for each text), which the caller has to respect.
  void set_text(const std::string& owner, const std::string& name, const std::string& value);
  void set_texts(const std::string& owner, const std::string& name, const std::vector<std::string>& values);
  // Texts padded with zeros to `width` bytes each, one after another in `bytes`.
  void set_fixed_texts(const std::string& owner, const std::string& name, uint64_t count, uint64_t width,
                       const std::string& bytes);
  void set_numbers(const std::string& owner, const std::string& name, ElementType type,
                   const std::vector<uint64_t>& shape, const void* values);

  // Ends the file. Must be called: a writer that is destroyed before leaves an incomplete file.
  void close();

 private:
  hid_t file() const;
  void write_attribute(const std::string& owner, const std::string& name, hid_t type, hid_t space, const void* values);
  [[noreturn]] void fail(const std::string& what) const;

  std::string path_;
  Hdf5Handle file_;
};

}  // namespace gradmill
