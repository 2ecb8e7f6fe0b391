#pragma once

namespace gradmill {

// Gives back to the C library what is kept for allocations of sizes that were freed lately.
void free_spare_memory();

}  // namespace gradmill
