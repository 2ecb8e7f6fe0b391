#include "io/hdf5_writer.h"

#include "base/error.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace gradmill {

namespace {

constexpr uint64_t chunk_bytes = 1 << 20;

using Lock = std::lock_guard<std::mutex>;

Hdf5Handle space_of(const std::vector<uint64_t>& shape) {
  if (shape.empty()) {
    return Hdf5Handle(H5Screate(H5S_SCALAR), H5Sclose);
  }
  std::vector<hsize_t> sizes(shape.begin(), shape.end());
  return Hdf5Handle(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), H5Sclose);
}

// Rows of about 1 MiB: halves the leading sizes first, so that a chunk stays one run of memory where possible.
std::vector<hsize_t> chunk_shape(const std::vector<uint64_t>& shape, uint64_t element_size) {
  std::vector<hsize_t> chunk(shape.begin(), shape.end());
  uint64_t bytes = element_size;
  for (hsize_t extent : chunk) {
    bytes *= extent;
  }
  for (size_t axis = 0; axis < chunk.size() && bytes > chunk_bytes;) {
    if (chunk[axis] == 1) {
      ++axis;
      continue;
    }
    bytes /= chunk[axis];
    chunk[axis] = (chunk[axis] + 1) / 2;
    bytes *= chunk[axis];
  }
  return chunk;
}

Hdf5Handle text_type(size_t size) {
  Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), size);
  H5Tset_strpad(type.get(), size == H5T_VARIABLE ? H5T_STR_NULLTERM : H5T_STR_NULLPAD);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

}  // namespace

Hdf5Writer::Hdf5Writer(const std::string& path) : path_(path) {
  Lock lock(hdf5_mutex());
  silence_hdf5();
  Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
#if H5_VERSION_GE(1, 10, 7)
  // Locks fail on many network file systems, and nobody else knows the temporary name that is written here.
  H5Pset_file_locking(access.get(), false, true);
#endif
  errno = 0;
  file_ = Hdf5Handle(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose);
  if (!file_.valid()) {
    int code = errno;
    take_hdf5_reason();
    throw std::system_error(code == 0 ? EIO : code, std::generic_category(), path);
  }
}

hid_t Hdf5Writer::file() const {
  if (!file_.valid()) {
    throw ArgumentError(text(path_, ": expected an open writer; received a call after close(); make a new writer"));
  }
  return file_.get();
}

void Hdf5Writer::fail(const std::string& what) const {
  throw std::runtime_error(text(path_, ": could not write ", what, " (", take_hdf5_reason(), ")"));
}

void Hdf5Writer::make_group(const std::string& path) {
  Lock lock(hdf5_mutex());
  Hdf5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.get(), 1);
  Hdf5Handle group(H5Gcreate2(file(), path.c_str(), links.get(), H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
  if (!group.valid()) {
    throw ArgumentError(text(path_, ": expected a new name for a group; received ", path, " (", take_hdf5_reason(),
                             "); names within a file must differ"));
  }
}

void Hdf5Writer::write_dataset(const std::string& path, ElementType type, const std::vector<uint64_t>& shape,
                               const void* values, const Hdf5Storage& storage) {
  Lock lock(hdf5_mutex());
  hid_t target = file();
  Hdf5Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links.get(), 1);
  Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  // Times would make equal contents differ in their bytes.
  H5Pset_obj_track_times(creation.get(), false);
  bool empty = std::find(shape.begin(), shape.end(), uint64_t{0}) != shape.end();
  if (!shape.empty() && !empty && (storage.compression > 0 || storage.checksum)) {
    std::vector<hsize_t> chunk = chunk_shape(shape, size_of(type));
    H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data());
    if (storage.compression > 0) {
      H5Pset_shuffle(creation.get());
      H5Pset_deflate(creation.get(), static_cast<unsigned>(storage.compression));
    }
    if (storage.checksum) {
      H5Pset_fletcher32(creation.get());
    }
  }
  Hdf5Handle space = space_of(shape);
  Hdf5Handle element = memory_type(type);
  Hdf5Handle dataset(
      H5Dcreate2(target, path.c_str(), element.get(), space.get(), links.get(), creation.get(), H5P_DEFAULT), H5Dclose);
  if (!dataset.valid()) {
    throw ArgumentError(text(path_, ": expected a new name for a dataset; received ", path, " (", take_hdf5_reason(),
                             "); names within a file must differ"));
  }
  if (!empty && H5Dwrite(dataset.get(), element.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) {
    fail(path);
  }
  if (!dataset.close()) {
    fail(path);
  }
}

void Hdf5Writer::write_attribute(const std::string& owner, const std::string& name, hid_t type, hid_t space,
                                 const void* values) {
  Hdf5Handle object(H5Oopen(file(), owner.c_str(), H5P_DEFAULT), H5Oclose);
  if (!object.valid()) {
    throw ArgumentError(text(path_, ": expected the path of a group or dataset; received ", owner,
                             "; write it before its attributes"));
  }
  Hdf5Handle attribute(H5Acreate2(object.get(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (!attribute.valid() || (H5Sget_simple_extent_npoints(space) > 0 && H5Awrite(attribute.get(), type, values) < 0)) {
    fail(text("attribute \"", name, "\" of ", owner));
  }
}

void Hdf5Writer::set_text(const std::string& owner, const std::string& name, const std::string& value) {
  Lock lock(hdf5_mutex());
  const char* pointer = value.c_str();
  write_attribute(owner, name, text_type(H5T_VARIABLE).get(), space_of({}).get(), &pointer);
}

void Hdf5Writer::set_texts(const std::string& owner, const std::string& name, const std::vector<std::string>& values) {
  Lock lock(hdf5_mutex());
  std::vector<const char*> pointers;
  for (const std::string& value : values) {
    pointers.push_back(value.c_str());
  }
  write_attribute(owner, name, text_type(H5T_VARIABLE).get(), space_of({values.size()}).get(), pointers.data());
}

void Hdf5Writer::set_fixed_texts(const std::string& owner, const std::string& name, uint64_t count, uint64_t width,
                                 const std::string& bytes) {
  Lock lock(hdf5_mutex());
  write_attribute(owner, name, text_type(width).get(), space_of({count}).get(), bytes.data());
}

void Hdf5Writer::set_numbers(const std::string& owner, const std::string& name, ElementType type,
                             const std::vector<uint64_t>& shape, const void* values) {
  Lock lock(hdf5_mutex());
  write_attribute(owner, name, memory_type(type).get(), space_of(shape).get(), values);
}

void Hdf5Writer::close() {
  Lock lock(hdf5_mutex());
  if (file_.valid() && H5Fflush(file_.get(), H5F_SCOPE_GLOBAL) < 0) {
    fail("the end of the file");
  }
  if (!file_.close()) {
    fail("the end of the file");
  }
}

}  // namespace gradmill
