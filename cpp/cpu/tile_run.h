#pragma once
#include <cstdint>

#include "math/tile_program.h"

#ifndef GM_ISA_NAMESPACE
#define GM_ISA_NAMESPACE baseline
#endif

namespace gradmill::GM_ISA_NAMESPACE {

// Computes the elements [begin, end) of the row-major output of `program`. `buffers` holds the inputs, then the
// outputs, each pointing at the element of output index 0. An output may be the same memory as a contiguous input of
// the same dtype when the builder was told so (see TileBuilder::output); no other overlap is allowed. A caller that has
// one contiguous operand only for [begin, end) passes its pointer moved back by `begin` elements.
// Thread-safe, allocates nothing; uses less than 80 KiB of stack.
void run_tile_program(const TileProgram& program, void* const* buffers, int64_t begin, int64_t end);

}  // namespace gradmill::GM_ISA_NAMESPACE
