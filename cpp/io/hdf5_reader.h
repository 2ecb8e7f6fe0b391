// Reads an HDF5 file whose author is unknown.
//
// libhdf5 has known ways to crash on corrupted files, and no list of checks made before could be complete. So the
// file is read in a child process that does nothing else: it walks the file, puts the contents into shared memory
// and ends. If it dies, or takes too long (see hdf5_limits.h), the caller gets an error that says so. The caller's own
// process never lets libhdf5 see a file.
#pragma once

#include "io/hdf5_snapshot.h"
#include "io/shared_memory.h"

#include <cstddef>
#include <string>

namespace gradmill {

struct Hdf5ReadOptions {
  std::string label;        // names the file in messages
  bool with_values = true;  // false: shapes, types and attributes only
};

// A file's contents; arrays of the caller point into `values` and keep the snapshot alive.
struct Hdf5Contents {
  Hdf5Node root;
  MappedBytes values;
};

// Throws ArgumentError for refused contents (see walk_hdf5) and std::system_error when the system refuses a resource.
Hdf5Contents read_hdf5(const std::byte* bytes, size_t size, const Hdf5ReadOptions& options);

// The same for a regular file. A missing one is a std::system_error whose code says so.
Hdf5Contents read_hdf5_file(const std::string& path, const Hdf5ReadOptions& options);

}  // namespace gradmill
