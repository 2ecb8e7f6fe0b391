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

// The same for a block of `rows` rows of `columns` elements inside an output whose rows are `row_length` long; `begin` is
// the index of the block's first element. Operand 0 is the block itself, with `block_stride` elements between its rows;
// buffers[0] is set here.
void run_tile_block(const TileProgram& program, void** buffers, int64_t begin, int64_t rows, int64_t row_length,
                    int64_t columns, const void* block, int64_t block_stride);

}  // namespace gradmill::GM_ISA_NAMESPACE
