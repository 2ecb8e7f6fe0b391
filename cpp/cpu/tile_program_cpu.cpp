// The interpreter of tile programs. A program is run over one tile after another. For each tile every operand becomes
// a slot: memory that is contiguous and of the compute type is used where it lies; scalars and constants are repeated
// over 64 bytes once per call and read with step 0; everything else is converted or gathered into a staging register.
// Then each instruction is one call of a kernel over the tile.
//
// Broadcast operands are cheap in two ways. With long rows a tile never crosses a row, so that a row operand is read in
// place and a column operand is one number. With short rows a tile is a whole number of rows, so that an operand that
// repeats with the row is gathered once per call and serves all tiles.
#include "cpu/philox_fill.h"
#include "cpu/tile_gather.h"
#include "cpu/tile_kernels.h"
#include "cpu/tile_run.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t dtype_bytes[] = {4, 8, 2, 2, 1, 2, 4, 8, 1, 2, 4, 1};  // indexed by DType
constexpr int64_t type_bytes[] = {4, 8, 4, 8};                           // indexed by TileType
constexpr int64_t scratch_bytes = 64 * 1024;
constexpr int64_t raw_chunk = 256;  // elements gathered at a time before they are converted

struct Run {
  const TileProgram& program;
  void* const* buffers;
  const TileConversion* loads;
  const TileConversion* stores;
  int64_t bytes;         // of one value of the compute type
  bool rows;             // no tile crosses a row
  char* scratch;
  char (*repeated)[tile_block_bytes];
  TileSlot* slots;
  const TileKernel* kernels;

  GM_INLINE char* register_data(int number) const {
    return scratch + number * (program.tile_elements * bytes + tile_padding_bytes);
  }
};

// Repeats the value at the start of `block` over the whole of it.
GM_INLINE void repeat(char* block, int64_t bytes) {
  if (bytes == 4) {
    uint32_t value;
    __builtin_memcpy(&value, block, 4);
    for (int i = 0; i < tile_block_bytes / 4; ++i) __builtin_memcpy(block + 4 * i, &value, 4);
  } else {
    uint64_t value;
    __builtin_memcpy(&value, block, 8);
    for (int i = 0; i < tile_block_bytes / 8; ++i) __builtin_memcpy(block + 8 * i, &value, 8);
  }
}

GM_INLINE void set_repeated(const Run& run, int number, const TileOperand& operand, const char* from) {
  char* block = run.repeated[number];
  if (operand.native) __builtin_memcpy(block, from, run.bytes);
  else run.loads[operand.dtype](block, from, 1);
  repeat(block, run.bytes);
  run.slots[tile_operand_slot + number] = {block, 0};
}

void set_constants(const Run& run) {
  for (int i = 0; i < run.program.constants; ++i) {
    const TileProgram::Constant constant = run.program.constant[i];
    char* block = run.repeated[max_tile_operands + i];
    switch (run.program.type) {
      case TileType::f32: {
        const float value = float(constant.number);
        __builtin_memcpy(block, &value, 4);
        break;
      }
      case TileType::i32: {
        const int32_t value = int32_t(constant.integer);
        __builtin_memcpy(block, &value, 4);
        break;
      }
      default: __builtin_memcpy(block, &constant, 8);
    }
    repeat(block, run.bytes);
    run.slots[tile_constant_slot + i] = {block, 0};
  }
}

// An operand that is neither in place nor one number, gathered and converted into its staging register.
void stage_strided(const Run& run, const TileOperand& operand, const void* base, int64_t start, int64_t count) {
  char* to = run.register_data(operand.staging);
  alignas(64) char raw[raw_chunk * 8 + tile_padding_bytes];
  const int64_t chunk = operand.native ? count : raw_chunk;
  for (int64_t done = 0; done < count; done += chunk) {
    const int64_t length = count - done < chunk ? count - done : chunk, first = start + done;
    char* gathered = operand.native ? to : raw;
    switch (dtype_bytes[operand.dtype]) {
      case 1:
        gather_tile(reinterpret_cast<uint8_t*>(gathered), static_cast<const uint8_t*>(base), run.program, operand,
                    first, length);
        break;
      case 2:
        gather_tile(reinterpret_cast<uint16_t*>(gathered), static_cast<const uint16_t*>(base), run.program, operand,
                    first, length);
        break;
      case 4:
        gather_tile(reinterpret_cast<uint32_t*>(gathered), static_cast<const uint32_t*>(base), run.program, operand,
                    first, length);
        break;
      default:
        gather_tile(reinterpret_cast<uint64_t*>(gathered), static_cast<const uint64_t*>(base), run.program, operand,
                    first, length);
    }
    if (!operand.native) run.loads[operand.dtype](to + done * run.bytes, raw, length);
  }
}

// A strided operand of a tile inside one row; `column` is the tile's place in the row.
GM_INLINE void place_in_row(const Run& run, int number, int64_t start, int64_t column, int64_t count) {
  const TileOperand& operand = run.program.operand[number];
  const int last = run.program.rank - 1;
  int64_t offset = column * operand.strides[last];
  if (operand.varies_by_row) {
    int64_t index = start / run.program.dims[last];
    for (int d = last - 1; d > 0; --d) {
      const int64_t outer = index / run.program.dims[d];
      offset += (index - outer * run.program.dims[d]) * operand.strides[d];
      index = outer;
    }
    offset += index * operand.strides[0];
  }
  const char* from = static_cast<const char*>(run.buffers[number]) + offset * dtype_bytes[operand.dtype];
  if (operand.strides[last] == 0) {
    set_repeated(run, number, operand, from);
  } else if (operand.strides[last] == 1 && operand.native) {
    run.slots[tile_operand_slot + number] = {const_cast<char*>(from), 1};
  } else {
    stage_strided(run, operand, run.buffers[number], start, count);
    run.slots[tile_operand_slot + number] = {run.register_data(operand.staging), 1};
  }
}

GM_INLINE void place_operands(const Run& run, int64_t start, int64_t column, int64_t count, bool first_tile) {
  const TileProgram& program = run.program;
  const int operands = program.inputs + program.outputs;
  for (int i = 0; i < operands; ++i) {
    const TileOperand& operand = program.operand[i];
    TileSlot& slot = run.slots[tile_operand_slot + i];
    if (operand.access == TileAccess::contiguous) {
      char* from = static_cast<char*>(run.buffers[i]) + start * dtype_bytes[operand.dtype];
      if (operand.staging == max_tile_registers) {
        slot = {from, 1};
      } else {
        slot = {run.register_data(operand.staging), 1};
        run.loads[operand.dtype](slot.data, from, count);
      }
    } else if (operand.access == TileAccess::strided) {
      if (run.rows) {
        place_in_row(run, i, start, column, count);
      } else if (first_tile || operand.period == 0 || program.tile_elements % operand.period != 0) {
        slot = {run.register_data(operand.staging), 1};
        stage_strided(run, operand, run.buffers[i], start, count);
      }
    }
  }
}

// The instructions that need more than their arguments.
void run_special(const Run& run, const TileInstruction& instruction, int64_t start, int64_t count) {
  char* to = run.slots[instruction.destination].data;
  const TileType type = run.program.type;
  if (instruction.opcode == TileOpcode::store) {
    const TileOperand& operand = run.program.operand[instruction.destination - tile_operand_slot];
    const TileSlot& from = run.slots[instruction.source[0]];
    if (from.step) {
      run.stores[operand.dtype](to, from.data, count);
    } else {  // a repeated value is stored block by block
      const int64_t block = tile_block_bytes / run.bytes;
      const int64_t bytes = dtype_bytes[operand.dtype];
      for (int64_t i = 0; i < count; i += block)
        run.stores[operand.dtype](to + i * bytes, from.data, count - i < block ? count - i : block);
    }
  } else if (instruction.opcode == TileOpcode::iota) {
    if (type == TileType::f32)
      for (int64_t i = 0; i < count; ++i) reinterpret_cast<float*>(to)[i] = float(start + i);
    else if (type == TileType::f64)
      for (int64_t i = 0; i < count; ++i) reinterpret_cast<double*>(to)[i] = double(start + i);
    else if (type == TileType::i32)
      for (int64_t i = 0; i < count; ++i) reinterpret_cast<int32_t*>(to)[i] = int32_t(start + i);
    else
      for (int64_t i = 0; i < count; ++i) reinterpret_cast<int64_t*>(to)[i] = start + i;
  } else {
    int64_t key[2];
    __builtin_memcpy(key, run.slots[instruction.source[0]].data, sizeof key);
    if (type == TileType::f32) fill_uniform(reinterpret_cast<float*>(to), key[0], key[1], start, count);
    else fill_uniform(reinterpret_cast<double*>(to), key[0], key[1], start, count);
  }
}

// What holds for a whole call: constants, registers, operands of one element.
void place_constants(const Run& run) {
  const TileProgram& program = run.program;
  set_constants(run);
  for (int i = 0; i < program.registers; ++i) run.slots[i] = {run.register_data(i), 1};
  for (int i = 0; i < program.inputs; ++i) {
    const TileOperand& operand = program.operand[i];
    if (operand.access == TileAccess::scalar) {
      set_repeated(run, i, operand, static_cast<const char*>(run.buffers[i]));
    } else if (operand.access == TileAccess::key) {
      run.slots[tile_operand_slot + i] = {static_cast<char*>(run.buffers[i]), 0};
    }
  }
}

// Elements [begin, end), the first of which lies at `column` of its row.
void run_tiles(const Run& run, int64_t begin, int64_t column, int64_t end) {
  const TileProgram& program = run.program;
  const TileInstruction* const last = program.instruction + program.instructions;
  const int64_t inner = program.dims[program.rank - 1];
  int64_t row_end = begin - column + inner;
  for (int64_t start = begin; start < end;) {
    int64_t stop = end - start < program.tile_elements ? end : start + program.tile_elements;
    if (run.rows && stop > row_end) stop = row_end;
    const int64_t count = stop - start;
    place_operands(run, start, start - row_end + inner, count, start == begin);
    for (const TileInstruction* i = program.instruction; i != last; ++i) {
      const TileKernel kernel = run.kernels[int(i->opcode)];
      if (kernel) {
        kernel(run.slots[i->destination], run.slots[i->source[0]], run.slots[i->source[1]], run.slots[i->source[2]],
               count);
      } else if (i->opcode >= TileOpcode::affine_silu && i->opcode < TileOpcode::more_sources) {
        i += run_affine(run.slots, i, last, count) - 1;
      } else if (i->opcode == TileOpcode::adam_update) {
        run_adam_update(run.slots, i, count);
        i += 2;
      } else {
        run_special(run, *i, start, count);
      }
    }
    start = stop;
    if (start == row_end) row_end += inner;
  }
}

// The memory of a call, and what follows from the program's type.
struct Frame {
  alignas(64) char scratch[scratch_bytes];
  alignas(64) char repeated[max_tile_operands + max_tile_constants][tile_block_bytes];
  TileSlot slots[tile_slot_count];

  Run run(const TileProgram& program, void* const* buffers) {
    static constexpr const TileKernel* tables[] = {tile_kernels_f32, tile_kernels_f64, tile_kernels_i32,
                                                   tile_kernels_i64};
    const int type = int(program.type);
    return {program, buffers, tile_loads[type], tile_stores[type], type_bytes[type], program.splits_rows, scratch,
            repeated, slots, tables[type]};
  }
};

GM_INLINE bool keeps_all(const TileProgram& program, void* const* buffers) {
  return program.guarded && !*static_cast<const uint8_t*>(buffers[program.guard]);
}

}  // namespace

void run_tile_program(const TileProgram& program, void* const* buffers, int64_t begin, int64_t end) {
  if (begin >= end || keeps_all(program, buffers)) return;
  Frame frame;
  Run run = frame.run(program, buffers);
  const int64_t inner = program.dims[program.rank - 1];
  const int64_t column = program.any_strided ? begin % inner : 0;
  run.rows = program.any_strided && (program.splits_rows || end - begin <= inner - column);
  place_constants(run);
  run_tiles(run, begin, column, end);
}

void run_tile_block(const TileProgram& program, void** buffers, int64_t begin, int64_t rows, int64_t row_length,
                    int64_t columns, const void* block, int64_t block_stride) {
  if (rows <= 0 || columns <= 0 || keeps_all(program, buffers)) return;
  Frame frame;
  Run run = frame.run(program, buffers);
  const int64_t bytes = dtype_bytes[program.operand[0].dtype];
  const int64_t inner = program.dims[program.rank - 1];
  int64_t column = program.any_strided ? begin % inner : 0;
  run.rows = program.any_strided;
  place_constants(run);
  for (int64_t row = 0; row < rows; ++row, begin += row_length) {
    buffers[0] = const_cast<char*>(static_cast<const char*>(block) + (row * block_stride - begin) * bytes);
    run_tiles(run, begin, column, begin + columns);
    column += row_length;
    if (column >= inner) column -= inner;  // inner is row_length, or a multiple of it
  }
}

}  // namespace gradmill::GM_ISA_NAMESPACE
