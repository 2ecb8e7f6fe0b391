// The Python module gradmill._hdf5: reading and writing HDF5 files as plain dictionaries and NumPy arrays.
// gradmill.saving.hdf5 is its only user and gives it names, types and error classes of the package.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "base/error.h"
#include "io/hdf5_reader.h"
#include "io/hdf5_writer.h"

#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>

namespace py = pybind11;

namespace gradmill {

namespace {

// bfloat16 crosses as its bits; NumPy has no such type.
py::dtype numpy_dtype(ElementType type) {
  return py::dtype(type == ElementType::bfloat16 ? "uint16" : name_of(type));
}

py::array make_array(const std::shared_ptr<Hdf5Contents>& contents, ElementType type,
                     const std::vector<uint64_t>& shape, const std::byte* values) {
  auto owner = new std::shared_ptr<Hdf5Contents>(contents);
  py::capsule base(owner, [](void* pointer) { delete static_cast<std::shared_ptr<Hdf5Contents>*>(pointer); });
  std::vector<py::ssize_t> sizes(shape.begin(), shape.end());
  return py::array(numpy_dtype(type), sizes, values, base);
}

// Raises UnicodeDecodeError, a ValueError, for text that is not UTF-8.
py::object attribute_value(const std::shared_ptr<Hdf5Contents>& contents, const Hdf5Attribute& attribute) {
  if (!attribute.holds_text) {
    const auto* values = reinterpret_cast<const std::byte*>(attribute.numbers.data());
    return make_array(contents, attribute.type, attribute.shape, values);
  }
  if (attribute.shape.empty()) {
    return py::str(attribute.texts[0]);
  }
  py::list texts;
  for (const std::string& value : attribute.texts) {
    texts.append(py::str(value));
  }
  return texts;
}

py::dict describe(const std::shared_ptr<Hdf5Contents>& contents, const Hdf5Node& node) {
  py::dict attributes;
  for (const Hdf5Attribute& attribute : node.attributes) {
    attributes[py::str(attribute.name)] = attribute_value(contents, attribute);
  }
  py::dict result;
  result["attributes"] = attributes;
  if (node.is_group) {
    py::dict members;
    for (const Hdf5Node& member : node.members) {
      members[py::str(member.name)] = describe(contents, member);
    }
    result["members"] = members;
    return result;
  }
  result["dtype"] = name_of(node.type);
  result["shape"] = py::tuple(py::cast(node.shape));
  result["values"] = py::none();
  if (node.has_data) {
    result["values"] = make_array(contents, node.type, node.shape, contents->values.data() + node.data_offset);
  }
  return result;
}

py::dict read_source(const py::object& source, const std::string& label, bool with_values) {
  Hdf5ReadOptions options{label, with_values};
  auto contents = std::make_shared<Hdf5Contents>();
  if (py::isinstance<py::bytes>(source)) {
    char* bytes = nullptr;
    py::ssize_t size = 0;
    if (PyBytes_AsStringAndSize(source.ptr(), &bytes, &size) != 0) {
      throw py::error_already_set();
    }
    py::gil_scoped_release release;
    *contents = read_hdf5(reinterpret_cast<const std::byte*>(bytes), static_cast<size_t>(size), options);
  } else {
    std::string path = source.cast<std::string>();
    py::gil_scoped_release release;
    *contents = read_hdf5_file(path, options);
  }
  return describe(contents, contents->root);
}

// Checks that the array's memory is what the element type says: contiguous, of its size, in this byte order.
ElementType checked_type(const py::array& array, const std::string& name) {
  ElementType type = element_type_from_name(name);
  if (!array.dtype().is(numpy_dtype(type)) && !array.dtype().equal(numpy_dtype(type))) {
    throw ArgumentError(text("hdf5: expected an array of ", name, "; received ",
                             py::str(py::object(array.dtype())).cast<std::string>(), "; convert it with astype"));
  }
  if (!(array.flags() & py::array::c_style)) {
    throw ArgumentError("hdf5: expected an array in C order; received another layout; use numpy.ascontiguousarray");
  }
  return type;
}

std::vector<uint64_t> shape_of(const py::array& array) { return {array.shape(), array.shape() + array.ndim()}; }

void write_dataset(Hdf5Writer& writer, const std::string& path, const py::array& array, const std::string& type_name,
                   int compression, bool checksum) {
  ElementType type = checked_type(array, type_name);
  if (compression < 0 || compression > 9) {
    throw ArgumentError(text("hdf5: expected a compression level from 0 to 9; received ", compression));
  }
  std::vector<uint64_t> shape = shape_of(array);
  const void* values = array.data();
  py::gil_scoped_release release;
  writer.write_dataset(path, type, shape, values, {compression, checksum});
}

void set_numbers(Hdf5Writer& writer, const std::string& owner, const std::string& name, const py::array& array,
                 const std::string& type_name) {
  writer.set_numbers(owner, name, checked_type(array, type_name), shape_of(array), array.data());
}

}  // namespace

}  // namespace gradmill

PYBIND11_MODULE(_hdf5, module) {
  using namespace gradmill;
  module.doc() = "HDF5 files as dictionaries and NumPy arrays; see gradmill.saving.hdf5.";

  py::register_local_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) {
        std::rethrow_exception(pointer);
      }
    } catch (const Error& error) {
      PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const std::system_error& error) {
      // OSError with an errno picks the fitting subclass: FileNotFoundError, PermissionError, ...
      py::object arguments = py::make_tuple(error.code().value(), error.what());
      PyErr_SetObject(PyExc_OSError, arguments.ptr());
    } catch (const std::runtime_error& error) {
      PyErr_SetString(PyExc_OSError, error.what());
    }
  });

  module.def("read", &read_source, py::arg("source"), py::arg("label"), py::arg("with_values") = true,
             "Read a path (str) or an image (bytes) into nested dictionaries. Raises ValueError for contents that are "
             "refused and OSError for what the system refuses.");

  py::class_<Hdf5Writer>(module, "Writer", "Writes an HDF5 file at a path; close() must be called.")
      .def(py::init<const std::string&>(), py::arg("path"), py::call_guard<py::gil_scoped_release>())
      .def("make_group", &Hdf5Writer::make_group, py::arg("path"), py::call_guard<py::gil_scoped_release>())
      .def("write_dataset", &write_dataset, py::arg("path"), py::arg("array"), py::arg("dtype"),
           py::arg("compression") = 0, py::arg("checksum") = false)
      .def("set_text", &Hdf5Writer::set_text, py::arg("owner"), py::arg("name"), py::arg("value"))
      .def("set_texts", &Hdf5Writer::set_texts, py::arg("owner"), py::arg("name"), py::arg("values"))
      .def("set_fixed_texts",
           [](Hdf5Writer& writer, const std::string& owner, const std::string& name, uint64_t count, uint64_t width,
              const py::bytes& bytes) { writer.set_fixed_texts(owner, name, count, width, std::string(bytes)); },
           py::arg("owner"), py::arg("name"), py::arg("count"), py::arg("width"), py::arg("bytes"))
      .def("set_numbers", &set_numbers, py::arg("owner"), py::arg("name"), py::arg("array"), py::arg("dtype"))
      .def("close", &Hdf5Writer::close, py::call_guard<py::gil_scoped_release>());
}
