// Reads everything in an HDF5 image, refusing what a weight file has no need of.
#pragma once

#include "io/hdf5_snapshot.h"
#include "io/shared_memory.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace gradmill {

// Returns the tree below the root; with `with_values` the datasets' values are appended to `values`.
//
// Throws ArgumentError, its text starting with `label`, for: soft, external and user-defined links, hard links to what
// was met before (so also cycles), named types, external storage, virtual datasets, filters other than
// gzip, shuffle and fletcher32, element types that are no ElementType, shapes that overflow or that stand in no
// proportion to the bytes stored, more memory than the machine has, groups deeper than max_group_depth, and all
// that libhdf5 itself refuses, wrong checksums among them. Attributes that are neither numbers nor text are left out.
//
// libhdf5 can crash on corrupted bytes: call this only in a process that may die. `image` may be written to.
Hdf5Node walk_hdf5(std::byte* image, uint64_t size, const std::string& label, bool with_values, SharedMemory& values);

}  // namespace gradmill
