#pragma once
// A tile program is a fused elementwise computation as plain data: it reads input operands, runs a short list of
// instructions over cache-sized tiles and writes output operands. The same data is a fused node of a plan, the epilogue
// of a matrix product and the update of an optimizer. TileBuilder (math/tile_builder.h) makes valid programs;
// run_tile_program (cpu/tile_run.h) runs them. No functions here, so that every instruction-set level may include it.
#include <cstdint>

namespace gradmill {

// The one type in which a program computes. f32 serves float32, bfloat16 and float16; i32 serves bool, int8, uint8,
// int16, uint16 and int32; i64 serves uint32 and int64. Operands of any dtype are converted on load and on store:
// bfloat16 and float16 round to nearest even, float to integer truncates and saturates at the ends of int32 (int64 for
// 64-bit and uint32 storage) with NaN giving 0, narrower integers then keep their low bits, bool stores x != 0.
enum class TileType : uint8_t { f32, f64, i32, i64 };

enum class TileOpcode : uint16_t {
#define ELEMENTWISE(name, arity) name,
#include "math/elementwise.def"
#undef ELEMENTWISE
  copy,                   // destination = source[0]
  store,                  // output operand of another dtype = register source[0]
  iota,                   // linear output index as a number of the program's type
  uniform,                // random numbers in [0, 1) from the key operand source[0]; floats only, see math/philox.h
  // The rest are made by TileBuilder, out of several operations that often stand together.
  multiply_subtract,      // x1 * x2 - x3
  negative_multiply_add,  // x3 - x1 * x2
  keep_less,              // x3 where x1 < x2, else 0
  keep_less_equal,        // x3 where x1 <= x2, else 0
  divide_by_root,         // x1 / (sqrt(x2) + x3); this and the following for floats only
  interpolate,            // x1 + (x2 - x1) * x3
  interpolate_square,     // x1 + (x2 * x2 - x1) * x3
  affine_silu,            // silu(x1 * x2 + x3), the first of the affine ones; float32 only, as all that follow
  affine_silu_gradient,   // two instructions long, as the following; see below
  affine_clip,
  affine_keep,
  affine_keep_above,
  affine_sum,
  more_sources,           // the second of them
  adam_update,            // three instructions long, see below
  adam_part,              // the second and third of them
  count
};

constexpr int max_tile_rank = 6;
constexpr int max_tile_operands = 32;
constexpr int max_tile_constants = 32;
constexpr int max_tile_registers = 32;  // temporaries and staging together
constexpr int max_tile_instructions = 96;

// A source or destination is a slot number: a register, an operand or a constant.
constexpr int tile_operand_slot = max_tile_registers;
constexpr int tile_constant_slot = tile_operand_slot + max_tile_operands;
constexpr int tile_slot_count = tile_constant_slot + max_tile_constants;

enum class TileAccess : uint8_t {
  contiguous,  // element i of the operand is element i of the output
  scalar,      // one element for all
  strided,     // strides over the program's dims, 0 where the operand is broadcast
  key          // two int64 (seed, counter) read by `uniform`
};

struct TileOperand {
  uint8_t dtype;       // DType
  TileAccess access;
  bool native;         // stored in the program's compute type
  uint8_t staging;     // register that holds a converted or gathered tile; max_tile_registers = none
  bool varies_by_row;  // strided: some stride but the last is not 0
  int64_t period;      // strided: element i equals element i + period when the rows before are all alike; 0 = never
  int64_t strides[max_tile_rank];  // in elements, over dims; meaningful for strided
};

struct TileInstruction {
  TileOpcode opcode;
  uint8_t destination;  // register, or output operand
  uint8_t source[3];
};

// What batch normalization and its gradient do, with z = x a + b; the sources of more_sources follow those of the first.
//   affine_silu_gradient  silu_gradient(d, z)              x a b | d
//   affine_clip        z between l and h                   x a b | l h
//   affine_keep        d where l <= z <= h, else 0         x a b | l h d
//   affine_keep_above  d where l < z, else 0               x a b | l d
//   affine_sum         (x a + b + c) s                     x a b | c s
// They differ from separate instructions in nothing but time: every value is rounded alike.
//
// adam_update makes m' = m + (g - m) a, v' = v + (g g - v) b and w' = w - m' r / (sqrt(v') + e) in one pass, because
// the optimizer's step is a large part of training a small network. Its destinations and sources are
//   adam_update  w'  w m v
//   adam_part    m'  g a b    (a, b, r, e are constants or scalar operands)
//   adam_part    v'  r e

struct TileProgram {
  TileType type;
  uint8_t rank;             // of dims, at least 1
  uint8_t inputs;           // operands [0, inputs) are read
  uint8_t outputs;          // operands [inputs, inputs + outputs) are written; always contiguous
  uint8_t constants;
  uint8_t registers;        // temporaries and staging together
  uint8_t instructions;
  bool any_strided;
  bool guarded;             // where operand `guard`, a bool, is false nothing is written
  uint8_t guard;
  int32_t tile_elements;    // elements per tile: registers * tile_elements values fit the scratch buffer
  bool splits_rows;         // tiles never cross a row of dims[rank - 1], so most strided operands are read in place
  int64_t elements;         // product of dims
  int64_t dims[max_tile_rank];
  union Constant { double number; int64_t integer; } constant[max_tile_constants];  // integer in i32 and i64 programs
  TileOperand operand[max_tile_operands];
  TileInstruction instruction[max_tile_instructions];
};

}  // namespace gradmill
