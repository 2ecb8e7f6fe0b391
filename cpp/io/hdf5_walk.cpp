#include "io/hdf5_walk.h"

#include "base/error.h"
#include "io/hdf5_limits.h"

#include <cstring>
#include <exception>
#include <set>
#include <utility>

namespace gradmill {

namespace {

// The image driver of libhdf5 would copy the bytes; these callbacks hand out the caller's own.
struct ImageBytes {
  std::byte* bytes;
  uint64_t size;
};

void* lend_image(size_t, H5FD_file_image_op_t, void* image) { return static_cast<ImageBytes*>(image)->bytes; }
void* keep_image(void* destination, const void*, size_t, H5FD_file_image_op_t, void*) { return destination; }
void* refuse_resize(void*, size_t, H5FD_file_image_op_t, void*) { return nullptr; }
herr_t leave_image(void*, H5FD_file_image_op_t, void*) { return 0; }
void* same_data(void* image) { return image; }
herr_t leave_data(void*) { return 0; }

struct LinkRow {
  std::string name;
  H5L_type_t type;
};

herr_t note_link(hid_t, const char* name, const H5L_info_t* info, void* rows) {
  try {
    static_cast<std::vector<LinkRow>*>(rows)->push_back({name, info->type});
    return static_cast<std::vector<LinkRow>*>(rows)->size() > max_group_members ? -1 : 0;
  } catch (const std::exception&) {
    return -1;
  }
}

herr_t note_attribute(hid_t, const char* name, const H5A_info_t*, void* names) {
  try {
    static_cast<std::vector<std::string>*>(names)->push_back(name);
    return static_cast<std::vector<std::string>*>(names)->size() > max_group_members ? -1 : 0;
  } catch (const std::exception&) {
    return -1;
  }
}

// A damaged file may hold other bytes than 0 and 1, which NumPy does not expect in booleans.
void make_boolean(void* bytes, uint64_t count) {
  auto* values = static_cast<unsigned char*>(bytes);
  for (uint64_t i = 0; i < count; ++i) {
    values[i] = values[i] != 0;
  }
}

// libhdf5 wants a name for an image under which no file exists: none can below a device.
constexpr const char* image_name = "/dev/null/image";

class Walk {
 public:
  Walk(const std::string& label, uint64_t file_size, bool with_values, SharedMemory& values)
      : label_(label), file_size_(file_size), with_values_(with_values), values_(values) {}

  Hdf5Node group(hid_t id, const std::string& path, const std::string& name, int depth) {
    if (depth > max_group_depth) {
      refuse(path, text("expected groups at most ", max_group_depth, " deep"), "deeper ones",
             "is this a weight file?");
    }
    Hdf5Node node;
    node.name = name;
    visit(id, path);
    node.attributes = attributes(id, path);
    std::vector<LinkRow> links;
    hsize_t position = 0;
    if (H5Literate(id, H5_INDEX_NAME, H5_ITER_INC, &position, note_link, &links) < 0) {
      fail(path, "its list of members");
    }
    for (const LinkRow& link : links) {
      node.members.push_back(member(id, link, path, depth));
    }
    return node;
  }

 private:
  [[noreturn]] void refuse(const std::string& path, const std::string& expected, const std::string& received,
                           const std::string& advice) {
    throw ArgumentError(text(label_, ": ", path, ": ", expected, "; received ", received, "; ", advice));
  }
  [[noreturn]] void fail(const std::string& path, const std::string& what) {
    std::string reason = take_hdf5_reason();
    refuse(path, "expected " + what + " to be readable",
           reason.empty() ? "damaged data" : "an error of HDF5 (" + reason + ")",
           "the file is damaged or truncated, copy or save it again");
  }

  // Every object may be met once. Counts of links in the file could lie, addresses cannot.
  void visit(hid_t id, const std::string& path) {
    H5O_info_t info;
    if (H5Oget_info(id, &info) < 0) {
      fail(path, "its header");
    }
    if (!visited_.insert(info.addr).second) {
      refuse(path, "expected every object under one name", "a second hard link to an object (perhaps a cycle)",
             "write the file again without such links");
    }
    if (visited_.size() > max_objects) {
      refuse(path, text("expected at most ", max_objects, " objects"), "more", "is this a weight file?");
    }
  }

  Hdf5Node member(hid_t parent, const LinkRow& link, const std::string& parent_path, int depth) {
    std::string path = (parent_path == "/" ? "" : parent_path) + "/" + link.name;
    if (link.name.empty() || link.name == "." || link.name == ".." || link.name.find('/') != std::string::npos) {
      refuse(path, "expected names without slashes and dots", "the name \"" + link.name + "\"", "the file is damaged");
    }
    if (link.type != H5L_TYPE_HARD) {
      const char* kind = link.type == H5L_TYPE_SOFT       ? "a soft link"
                         : link.type == H5L_TYPE_EXTERNAL ? "an external link"
                                                          : "a user-defined link";
      refuse(path, "expected a group or dataset in this file", kind,
             "links are refused because they can point to any file; write the data itself");
    }
    Hdf5Handle object(H5Oopen(parent, link.name.c_str(), H5P_DEFAULT), H5Oclose);
    if (!object.valid()) {
      fail(path, "the object");
    }
    H5I_type_t kind = H5Iget_type(object.get());
    if (kind == H5I_GROUP) {
      return group(object.get(), path, link.name, depth + 1);
    }
    if (kind != H5I_DATASET) {
      refuse(path, "expected a group or dataset", "a named type", "write the file again without named types");
    }
    visit(object.get(), path);
    return dataset(object.get(), path, link.name);
  }

  std::vector<uint64_t> shape_of(hid_t space, const std::string& path) {
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0 || rank > H5S_MAX_RANK) {
      fail(path, "its shape");
    }
    std::vector<hsize_t> sizes(static_cast<size_t>(rank));
    if (rank > 0 && H5Sget_simple_extent_dims(space, sizes.data(), nullptr) < 0) {
      fail(path, "its shape");
    }
    return {sizes.begin(), sizes.end()};
  }

  Hdf5Node dataset(hid_t id, const std::string& path, const std::string& name) {
    Hdf5Node node;
    node.name = name;
    node.is_group = false;
    Hdf5Handle type(H5Dget_type(id), H5Tclose);
    Hdf5Handle space(H5Dget_space(id), H5Sclose);
    Hdf5Handle plist(H5Dget_create_plist(id), H5Pclose);
    if (!type.valid() || !space.valid() || !plist.valid()) {
      fail(path, "its description");
    }
    if (H5Tcommitted(type.get()) > 0) {
      refuse(path, "expected an element type of its own", "a named type", "write the file again without named types");
    }
    if (!recognize_element_type(type.get(), node.type)) {
      refuse(path, "expected numbers (float16, bfloat16, float32, float64, 8 to 64-bit integers or bool)",
             text("another HDF5 type of ", H5Tget_size(type.get()), " bytes"), "convert the data before it is written");
    }
    if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) {
      refuse(path, "expected a dataset with a shape", "an empty dataspace", "write an array, of size 0 if need be");
    }
    node.shape = shape_of(space.get(), path);
    node.attributes = attributes(id, path);
    uint64_t elements = element_count(node.shape, label_ + ": " + path);
    uint64_t bytes;
    if (__builtin_mul_overflow(elements, size_of(node.type), &bytes)) {
      refuse(path, "expected a size that 64 bits can hold", text(elements, " elements"), "the file is damaged");
    }
    check_storage(id, plist.get(), path, bytes, size_of(node.type));
    if (with_values_) {
      read_values(id, type.get(), path, node, bytes);
    }
    return node;
  }

  void check_storage(hid_t id, hid_t plist, const std::string& path, uint64_t bytes, uint64_t element_size) {
    if (H5Pget_external_count(plist) != 0) {
      refuse(path, "expected values inside this file", "external storage (values in another file)",
             "write the data itself");
    }
    H5D_layout_t layout = H5Pget_layout(plist);
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED) {
      refuse(path, "expected values inside this dataset", "a virtual dataset (values in other datasets)",
             "write the data itself");
    }
    uint64_t stored = H5Dget_storage_size(id);
    uint64_t most = layout == H5D_CHUNKED ? largest_expanded_size(stored) : largest_plain_size(stored);
    if (stored > file_size_ || bytes > most) {
      refuse(path, text("expected a size in proportion to the ", stored, " bytes stored in a file of ", file_size_),
             text(bytes, " bytes"), "the file is damaged or made to exhaust memory");
    }
    total_ += bytes;
    if (total_ > machine_memory()) {
      refuse(path, text("expected contents within this machine's ", machine_memory(), " bytes of memory"), "more",
             "load it on a larger machine");
    }
    if (layout == H5D_CHUNKED) {
      check_chunks(plist, path, most, element_size);
    }
  }

  void check_chunks(hid_t plist, const std::string& path, uint64_t most, uint64_t element_size) {
    std::vector<hsize_t> sizes(H5S_MAX_RANK);
    int rank = H5Pget_chunk(plist, H5S_MAX_RANK, sizes.data());
    if (rank < 1 || rank > H5S_MAX_RANK) {
      fail(path, "its chunks");
    }
    std::vector<uint64_t> chunk(sizes.begin(), sizes.begin() + rank);
    uint64_t elements = element_count(chunk, label_ + ": " + path);
    if (elements == 0 || elements > most / element_size) {
      refuse(path, "expected chunks in proportion to the bytes stored", text(elements, " elements in one"),
             "the file is damaged or made to exhaust memory");
    }
    int filters = H5Pget_nfilters(plist);
    for (int i = 0; i < filters; ++i) {
      unsigned flags = 0;
      unsigned configuration = 0;
      size_t value_count = 0;
      char name[64] = "";
      H5Z_filter_t filter = H5Pget_filter2(plist, static_cast<unsigned>(i), &flags, &value_count, nullptr,
                                           sizeof(name), name, &configuration);
      if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32) {
        name[sizeof(name) - 1] = '\0';
        refuse(path, "expected the filters gzip, shuffle or fletcher32", text("filter ", filter, " (", name, ")"),
               "write the file again with one of these or uncompressed");
      }
      if (H5Zfilter_avail(filter) <= 0) {
        refuse(path, "expected a filter that this HDF5 library has", text("filter ", filter),
               "write the file again uncompressed");
      }
    }
  }

  void read_values(hid_t id, hid_t file_type, const std::string& path, Hdf5Node& node, uint64_t bytes) {
    node.has_data = true;
    node.data_offset = values_.append(bytes);
    if (bytes == 0) {
      return;
    }
    allow_dataset(bytes);
    MappedBytes target(values_.descriptor(), node.data_offset, bytes, true);
    // Opaque bytes and brain floats cross as they are.
    Hdf5Handle type = node.type == ElementType::bfloat16 ? Hdf5Handle(H5Tcopy(file_type), H5Tclose)
                                                         : memory_type(node.type);
    if (H5Dread(id, type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, target.data()) < 0) {
      fail(path, "its values");
    }
    if (node.type == ElementType::boolean) {
      make_boolean(target.data(), bytes);
    }
  }

  std::vector<Hdf5Attribute> attributes(hid_t id, const std::string& path) {
    std::vector<std::string> names;
    hsize_t position = 0;
    if (H5Aiterate2(id, H5_INDEX_NAME, H5_ITER_INC, &position, note_attribute, &names) < 0) {
      fail(path, "its attributes");
    }
    std::vector<Hdf5Attribute> found;
    for (const std::string& name : names) {
      Hdf5Attribute attribute;
      attribute.name = name;
      Hdf5Handle handle(H5Aopen(id, name.c_str(), H5P_DEFAULT), H5Aclose);
      if (!handle.valid()) {
        fail(path, "its attribute \"" + name + "\"");
      }
      if (read_attribute(handle.get(), path, attribute)) {
        found.push_back(std::move(attribute));
      }
    }
    return found;
  }

  bool read_attribute(hid_t id, const std::string& path, Hdf5Attribute& attribute) {
    const std::string what = "its attribute \"" + attribute.name + "\"";
    Hdf5Handle type(H5Aget_type(id), H5Tclose);
    Hdf5Handle space(H5Aget_space(id), H5Sclose);
    if (!type.valid() || !space.valid()) {
      fail(path, what);
    }
    attribute.holds_text = H5Tget_class(type.get()) == H5T_STRING;
    if (H5Sget_simple_extent_type(space.get()) == H5S_NULL ||
        (!attribute.holds_text && !recognize_element_type(type.get(), attribute.type))) {
      return false;
    }
    attribute.shape = shape_of(space.get(), path);
    uint64_t elements = element_count(attribute.shape, label_ + ": " + path);
    uint64_t bytes;
    if (__builtin_mul_overflow(elements, H5Tget_size(type.get()), &bytes) || bytes > max_attribute_bytes ||
        (attribute_bytes_ += bytes) > max_attribute_bytes) {
      refuse(path, text("expected attributes of at most ", max_attribute_bytes, " bytes"), what + " beyond it",
             "is this a weight file?");
    }
    if (attribute.holds_text) {
      attribute.texts = read_texts(id, type.get(), space.get(), path, what, elements);
      return true;
    }
    attribute.numbers.resize(elements * size_of(attribute.type));
    Hdf5Handle memory = attribute.type == ElementType::bfloat16 ? Hdf5Handle(H5Tcopy(type.get()), H5Tclose)
                                                                : memory_type(attribute.type);
    if (elements > 0 && H5Aread(id, memory.get(), attribute.numbers.data()) < 0) {
      fail(path, what);
    }
    if (attribute.type == ElementType::boolean) {
      make_boolean(attribute.numbers.data(), elements);
    }
    return true;
  }

  std::vector<std::string> read_texts(hid_t id, hid_t type, hid_t space, const std::string& path,
                                      const std::string& what, uint64_t elements) {
    std::vector<std::string> texts;
    if (elements == 0) {
      return texts;
    }
    if (H5Tis_variable_str(type) > 0) {
      std::vector<char*> pointers(elements, nullptr);
      if (H5Aread(id, type, pointers.data()) < 0) {
        fail(path, what);
      }
      for (const char* pointer : pointers) {
        texts.emplace_back(pointer == nullptr ? "" : pointer);
      }
      H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
      return texts;
    }
    size_t length = H5Tget_size(type);
    std::string bytes(elements * length, '\0');
    if (H5Aread(id, type, bytes.data()) < 0) {
      fail(path, what);
    }
    char padding = H5Tget_strpad(type) == H5T_STR_SPACEPAD ? ' ' : '\0';
    for (uint64_t i = 0; i < elements; ++i) {
      std::string value = bytes.substr(i * length, length);
      value.resize(strnlen(value.data(), length));
      value.erase(value.find_last_not_of(padding) + 1);
      texts.push_back(std::move(value));
    }
    return texts;
  }

  const std::string& label_;
  uint64_t file_size_;
  bool with_values_;
  SharedMemory& values_;
  std::set<haddr_t> visited_;
  uint64_t total_ = 0;
  uint64_t attribute_bytes_ = 0;
};

}  // namespace

Hdf5Node walk_hdf5(std::byte* image, uint64_t size, const std::string& label, bool with_values, SharedMemory& values) {
  silence_hdf5();
  ImageBytes bytes{image, size};
  H5FD_file_image_callbacks_t callbacks = {lend_image, keep_image, refuse_resize, leave_image,
                                           same_data,  leave_data, &bytes};
  Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  bool ready = H5Pset_fapl_core(access.get(), 1 << 16, 0) >= 0 &&
               H5Pset_file_image_callbacks(access.get(), &callbacks) >= 0 &&
               H5Pset_file_image(access.get(), image, size) >= 0;
  Hdf5Handle file(ready ? H5Fopen(image_name, H5F_ACC_RDONLY, access.get()) : H5I_INVALID_HID, H5Fclose);
  Hdf5Handle root(file.valid() ? H5Gopen2(file.get(), "/", H5P_DEFAULT) : H5I_INVALID_HID, H5Gclose);
  if (!root.valid()) {
    throw ArgumentError(text(label, ": expected an HDF5 file that can be opened; received an error of HDF5 (",
                             take_hdf5_reason(), "); the file is damaged or truncated, copy or save it again"));
  }
  return Walk(label, size, with_values, values).group(root.get(), "/", "", 0);
}

}  // namespace gradmill
