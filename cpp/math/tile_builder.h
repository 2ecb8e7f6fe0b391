#pragma once
// Builds a TileProgram from values in the order in which they are computed: assigns registers, lets last writes go
// straight to output memory, joins a product with the sum that alone uses it, merges dims and chooses the tile length.
#include <cstdint>
#include <vector>

#include "math/tile_program.h"
#include "tensor/dtype.h"

namespace gradmill {

// The compute type for values stored as `dtype`.
TileType tile_type_of(DType dtype);
// True if `opcode` has a kernel for programs of `type`.
bool tile_supports(TileOpcode opcode, TileType type);

class TileBuilder {
 public:
  using Value = int;
  static constexpr int no_input = -1;    // the output overlaps no input
  static constexpr int any_input = -2;   // it may be the memory of any contiguous input; may cost a copy at the end

  // `dims` is the shape of every output. Rank 0 to max_tile_rank after merging; higher ranks are accepted when merging
  // brings them down (`build` says otherwise).
  TileBuilder(TileType type, const int64_t* dims, int rank);

  // Inputs, in the order of `buffers`. The strides are in elements, one for each dim, 0 where broadcast; they are
  // classified here (contiguous, scalar, strided), so callers need not.
  Value input(DType dtype, const int64_t* strides);
  Value contiguous_input(DType dtype);
  Value scalar_input(DType dtype);
  // Two int64, seed and counter, for `uniform`.
  Value key_input();

  Value constant(double number);
  Value integer_constant(int64_t integer);
  // The linear index of the output element; start + step * index is made by `apply`.
  Value iota();
  Value uniform(Value key);
  Value apply(TileOpcode opcode, Value x1, Value x2 = -1, Value x3 = -1);

  // Outputs, in the order of `buffers`, after all inputs. `same_memory_as` is the index (order of declaration) of the
  // input that shares the output's memory, no_input or any_input.
  void output(DType dtype, Value value, int same_memory_as = any_input);

  // Fills `program`. Returns nullptr, or the reason why the values do not fit into one program (too many operands,
  // registers, instructions or dims); the caller then splits its fusion.
  const char* build(TileProgram* program);

 private:
  enum class Kind : uint8_t { input, constant, computed };
  struct Node {
    Kind kind;
    TileOpcode opcode;
    int index;  // of the operand or constant; of an adam_part, its adam_update
    Value source[8];
  };
  struct Output {
    DType dtype;
    Value value;
    int same_memory_as;
  };
  Value add_input(DType dtype, TileAccess access, const int64_t* strides);
  void find_guard(TileProgram* program);
  std::vector<int> count_uses() const;
  bool is_joinable(Value value, TileOpcode opcode, const std::vector<int>& uses) const;
  void join_instructions();
  void join_product(Node* node, const std::vector<int>& uses) const;
  void join_comparison(Node* node, const std::vector<int>& uses) const;
  void join_root(Node* node, const std::vector<int>& uses) const;
  void join_difference(Node* node, const std::vector<int>& uses) const;
  void join_affine();
  bool make_affine(Value value);
  void join_silu(Value number);
  void join_clip(Value number);
  void join_keep(Node* node) const;
  void join_sum(Node* node) const;
  bool is_computed(Value value, TileOpcode opcode) const;
  bool same_affine(const Node& a, const Node& b) const;
  bool is_infinite(Value value) const;
  void join_adam();
  bool is_single(Value value) const;
  bool is_full(Value value) const;
  const char* place_dims(TileProgram* program) const;
  void choose_tiles(TileProgram* program) const;
  const char* place_values(TileProgram* program) const;
  bool may_write_directly(const Output& output, Value written_by) const;
  uint8_t slot_of_leaf(Value value) const;

  TileType type_;
  std::vector<int64_t> dims_;
  std::vector<TileOperand> operands_;          // inputs
  std::vector<std::vector<int64_t>> strides_;  // of each input, over dims_; empty unless strided
  std::vector<TileProgram::Constant> constants_;
  std::vector<Node> nodes_;
  std::vector<Output> outputs_;
  Value adam_parts_[2] = {-1, -1};
};

}  // namespace gradmill
