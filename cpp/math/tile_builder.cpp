#include "math/tile_builder.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "math/elementwise.h"

namespace gradmill {
namespace {

constexpr int none = -1;
// The scratch buffer of the interpreter, and what of the first-level cache one tile of everything may take.
constexpr int64_t scratch_bytes = 64 * 1024, cache_bytes = 28 * 1024, register_padding = 64;
constexpr int64_t long_tile = 1 << 16;
constexpr int64_t short_row = 512;  // rows below this length are gathered, longer ones bound the tile

struct Row {
  int arity;
  bool floats, integers;
};
constexpr Row rows[] = {
#define ELEMENTWISE(name, arity) {arity, baseline::functor::name::floats, baseline::functor::name::integers},
#include "math/elementwise.def"
#undef ELEMENTWISE
    {1, true, true},   // copy
    {1, true, true},   // store
    {0, true, true},   // iota
    {1, true, false},  // uniform
    {3, true, true},   // multiply_subtract
    {3, true, true},   // negative_multiply_add
    {3, true, true},   // keep_less
    {3, true, true},   // keep_less_equal
    {3, true, false},  // divide_by_root
    {3, true, false},  // interpolate
    {3, true, false},  // interpolate_square
    {3, true, false},  // affine_silu
    {4, true, false},  // affine_silu_gradient
    {5, true, false},  // affine_clip
    {6, true, false},  // affine_keep
    {5, true, false},  // affine_keep_above
    {5, true, false},  // affine_sum
    {0, true, false},  // more_sources
    {8, true, false},  // adam_update: w m v g a b r e
    {0, true, false},  // adam_part
};
static_assert(sizeof rows / sizeof(Row) == static_cast<size_t>(TileOpcode::count));

int arity_of(TileOpcode opcode) { return rows[static_cast<int>(opcode)].arity; }

bool is_float_type(TileType type) { return type == TileType::f32 || type == TileType::f64; }

bool is_native(DType dtype, TileType type) {
  switch (type) {
    case TileType::f32: return dtype == DType::float32;
    case TileType::f64: return dtype == DType::float64;
    case TileType::i32: return dtype == DType::int32;
    default: return dtype == DType::int64;
  }
}

}  // namespace

TileType tile_type_of(DType dtype) {
  switch (dtype) {
    case DType::float32:
    case DType::bfloat16:
    case DType::float16: return TileType::f32;
    case DType::float64: return TileType::f64;
    case DType::int64:
    case DType::uint32: return TileType::i64;
    default: return TileType::i32;
  }
}

bool tile_supports(TileOpcode opcode, TileType type) {
  const Row& row = rows[static_cast<int>(opcode)];
  return is_float_type(type) ? row.floats : row.integers;
}

TileBuilder::TileBuilder(TileType type, const int64_t* dims, int rank) : type_(type), dims_(dims, dims + rank) {}

TileBuilder::Value TileBuilder::add_input(DType dtype, TileAccess access, const int64_t* strides) {
  TileOperand operand{};
  operand.dtype = static_cast<uint8_t>(dtype);
  operand.access = access;
  operand.native = is_native(dtype, type_);
  operand.staging = max_tile_registers;
  operands_.push_back(operand);
  strides_.emplace_back();
  if (access == TileAccess::strided) strides_.back().assign(strides, strides + dims_.size());
  nodes_.push_back({Kind::input, TileOpcode::copy, static_cast<int>(operands_.size()) - 1, {none, none, none}});
  return static_cast<Value>(nodes_.size()) - 1;
}

TileBuilder::Value TileBuilder::input(DType dtype, const int64_t* strides) {
  bool contiguous = true, scalar = true;
  int64_t expected = 1;
  for (int d = static_cast<int>(dims_.size()) - 1; d >= 0; --d) {
    if (dims_[d] == 1) continue;  // the stride of a dim of one element is never used
    contiguous &= strides[d] == expected;
    scalar &= strides[d] == 0;
    expected *= dims_[d];
  }
  // Of a single element both are true, and contiguous is the cheaper one.
  return add_input(dtype, contiguous ? TileAccess::contiguous : scalar ? TileAccess::scalar : TileAccess::strided,
                   strides);
}

TileBuilder::Value TileBuilder::contiguous_input(DType dtype) {
  return add_input(dtype, TileAccess::contiguous, nullptr);
}

TileBuilder::Value TileBuilder::scalar_input(DType dtype) { return add_input(dtype, TileAccess::scalar, nullptr); }

TileBuilder::Value TileBuilder::key_input() { return add_input(DType::int64, TileAccess::key, nullptr); }

TileBuilder::Value TileBuilder::constant(double number) {
  TileProgram::Constant constant;
  if (is_float_type(type_)) {
    constant.number = number;
  } else {
    // The ends of int64 are far outside what any caller means; the clamp only keeps the conversion defined.
    constant.integer = number == number ? static_cast<int64_t>(std::clamp(number, -0x1p62, 0x1p62)) : 0;
  }
  for (size_t i = 0; i < nodes_.size(); ++i)
    if (nodes_[i].kind == Kind::constant && constants_[nodes_[i].index].integer == constant.integer)
      return static_cast<Value>(i);
  constants_.push_back(constant);
  nodes_.push_back({Kind::constant, TileOpcode::copy, static_cast<int>(constants_.size()) - 1, {none, none, none}});
  return static_cast<Value>(nodes_.size()) - 1;
}

TileBuilder::Value TileBuilder::integer_constant(int64_t integer) {
  if (is_float_type(type_)) return constant(static_cast<double>(integer));
  TileProgram::Constant constant;
  constant.integer = integer;
  constants_.push_back(constant);
  nodes_.push_back({Kind::constant, TileOpcode::copy, static_cast<int>(constants_.size()) - 1, {none, none, none}});
  return static_cast<Value>(nodes_.size()) - 1;
}

TileBuilder::Value TileBuilder::iota() { return apply(TileOpcode::iota, none); }

TileBuilder::Value TileBuilder::uniform(Value key) { return apply(TileOpcode::uniform, key); }

TileBuilder::Value TileBuilder::apply(TileOpcode opcode, Value x1, Value x2, Value x3) {
  nodes_.push_back({Kind::computed, opcode, none, {x1, x2, x3}});
  return static_cast<Value>(nodes_.size()) - 1;
}

void TileBuilder::output(DType dtype, Value value, int same_memory_as) {
  // An input or constant becomes a computed value, so that what is read and written when has one rule.
  if (nodes_[value].kind != Kind::computed) value = apply(TileOpcode::copy, value);
  outputs_.push_back({dtype, value, same_memory_as});
}

// Where one number decides whether all results are new or what lies in their memory already, nothing need be computed to
// keep the old: the step of an optimizer that a loss scale may skip.
void TileBuilder::find_guard(TileProgram* program) {
  const std::vector<int> uses = count_uses();
  Value guard = none;
  for (const Output& output : outputs_) {
    if (!is_computed(output.value, TileOpcode::where) || uses[output.value] != 1) return;
    const Node &choice = nodes_[output.value], &kept = nodes_[choice.source[2]];
    if (guard != none && choice.source[0] != guard) return;
    guard = choice.source[0];
    if (kept.kind != Kind::input || kept.index != output.same_memory_as) return;
    const TileOperand& operand = operands_[kept.index];
    if (operand.access != TileAccess::contiguous || operand.dtype != static_cast<uint8_t>(output.dtype)) return;
  }
  if (guard == none || nodes_[guard].kind != Kind::input) return;
  const int index = nodes_[guard].index;
  if (operands_[index].access != TileAccess::scalar || operands_[index].dtype != static_cast<uint8_t>(DType::boolean)) return;
  program->guarded = true;
  program->guard = static_cast<uint8_t>(index);
  for (Output& output : outputs_) {
    const Value made = nodes_[output.value].source[1];
    output.value = nodes_[made].kind == Kind::computed ? made : apply(TileOpcode::copy, made);
  }
}

// How often each value is used, by values that an output needs.
std::vector<int> TileBuilder::count_uses() const {
  std::vector<int> uses(nodes_.size(), 0);
  for (const Output& output : outputs_) ++uses[output.value];
  for (int i = static_cast<int>(nodes_.size()) - 1; i >= 0; --i)
    if (nodes_[i].kind == Kind::computed && uses[i] > 0)
      for (int s = 0; s < arity_of(nodes_[i].opcode); ++s) ++uses[nodes_[i].source[s]];
  return uses;
}

bool TileBuilder::is_joinable(Value value, TileOpcode opcode, const std::vector<int>& uses) const {
  return uses[value] == 1 && nodes_[value].kind == Kind::computed && nodes_[value].opcode == opcode;
}

// Operations whose value has no other use go into the one that uses it: a pass over the tile less, and for a * b + c
// one rounding less. The order matters: sums of products first, then what is made of those.
void TileBuilder::join_instructions() {
  const std::vector<int> uses = count_uses();
  for (Node& node : nodes_) {
    if (node.kind != Kind::computed) continue;
    if (node.opcode == TileOpcode::add || node.opcode == TileOpcode::subtract) join_product(&node, uses);
    if (node.opcode == TileOpcode::where) join_comparison(&node, uses);
    if (!is_float_type(type_)) continue;
    if (node.opcode == TileOpcode::divide) join_root(&node, uses);
    if (node.opcode == TileOpcode::multiply_add) join_difference(&node, uses);
  }
}

// a * b + c, a * b - c, c - a * b.
void TileBuilder::join_product(Node* node, const std::vector<int>& uses) const {
  for (int side = 0; side < 2; ++side) {
    const Value product = node->source[side], other = node->source[1 - side];
    const bool square = is_joinable(product, TileOpcode::square, uses);
    if (!square && !is_joinable(product, TileOpcode::multiply, uses)) continue;
    const Node& factor = nodes_[product];
    const TileOpcode opcode = node->opcode == TileOpcode::add ? TileOpcode::multiply_add
                              : side == 0                     ? TileOpcode::multiply_subtract
                                                              : TileOpcode::negative_multiply_add;
    *node = {Kind::computed, opcode, none, {factor.source[0], factor.source[square ? 0 : 1], other}};
    return;
  }
}

// c where a < b, else 0, and its like: the gradients of activations that cut off.
void TileBuilder::join_comparison(Node* node, const std::vector<int>& uses) const {
  const Node& other = nodes_[node->source[2]];
  if (other.kind != Kind::constant || constants_[other.index].integer != 0) return;  // 0 has the same bits in all types
  static constexpr struct {
    TileOpcode comparison, joined;
    bool swapped;
  } forms[] = {{TileOpcode::less, TileOpcode::keep_less, false},
               {TileOpcode::greater, TileOpcode::keep_less, true},
               {TileOpcode::less_equal, TileOpcode::keep_less_equal, false},
               {TileOpcode::greater_equal, TileOpcode::keep_less_equal, true}};
  for (const auto& form : forms) {
    if (!is_joinable(node->source[0], form.comparison, uses)) continue;
    const Value* sides = nodes_[node->source[0]].source;
    *node = {Kind::computed, form.joined, none, {sides[form.swapped], sides[!form.swapped], node->source[1]}};
    return;
  }
}

// a / (sqrt(b) + c).
void TileBuilder::join_root(Node* node, const std::vector<int>& uses) const {
  if (!is_joinable(node->source[1], TileOpcode::add, uses)) return;
  const Node& sum = nodes_[node->source[1]];
  for (int side = 0; side < 2; ++side) {
    if (!is_joinable(sum.source[side], TileOpcode::sqrt, uses)) continue;
    *node = {Kind::computed, TileOpcode::divide_by_root, none,
             {node->source[0], nodes_[sum.source[side]].source[0], sum.source[1 - side]}};
    return;
  }
}

// (a - b) * c + b and (a * a - b) * c + b.
void TileBuilder::join_difference(Node* node, const std::vector<int>& uses) const {
  for (int side = 0; side < 2; ++side) {
    const Node& difference = nodes_[node->source[side]];
    const Value factor = node->source[1 - side], target = node->source[2];
    const Value* s = difference.source;
    if (is_joinable(node->source[side], TileOpcode::subtract, uses) && s[1] == target)
      *node = {Kind::computed, TileOpcode::interpolate, none, {target, s[0], factor}};
    else if (is_joinable(node->source[side], TileOpcode::multiply_subtract, uses) && s[0] == s[1] && s[2] == target)
      *node = {Kind::computed, TileOpcode::interpolate_square, none, {target, s[0], factor}};
    else
      continue;
    return;
  }
}

// Values of the form x a + b that go straight into a comparison, a bound or a scaled sum; see tile_program.h. A value that
// others read too is computed twice, which takes less time than to write and read it.
void TileBuilder::join_affine() {
  const size_t count = nodes_.size();
  for (size_t i = 0; i < count; ++i) {
    if (nodes_[i].kind != Kind::computed) continue;
    join_silu(static_cast<Value>(i));
    join_clip(static_cast<Value>(i));
    join_keep(&nodes_[i]);
    join_sum(&nodes_[i]);
  }
}

// Whether the value has the form x a + b; a sum becomes x 1 + b.
bool TileBuilder::make_affine(Value value) {
  if (is_computed(value, TileOpcode::add)) {
    const Value one = constant(1.0);  // may move the nodes
    Node& sum = nodes_[value];
    sum = {Kind::computed, TileOpcode::multiply_add, none, {sum.source[0], one, sum.source[1]}};
  }
  return is_computed(value, TileOpcode::multiply_add);
}

void TileBuilder::join_silu(Value number) {
  const Node node = nodes_[number];
  const bool gradient = node.opcode == TileOpcode::silu_gradient;
  if (!gradient && node.opcode != TileOpcode::silu) return;
  const Value argument = node.source[gradient ? 1 : 0];
  if (!make_affine(argument)) return;
  const Value* affine = nodes_[argument].source;
  nodes_[number] = {Kind::computed, gradient ? TileOpcode::affine_silu_gradient : TileOpcode::affine_silu, none,
                    {affine[0], affine[1], affine[2], node.source[0]}};
}

bool TileBuilder::is_computed(Value value, TileOpcode opcode) const {
  return nodes_[value].kind == Kind::computed && nodes_[value].opcode == opcode;
}

// Whether both start with the same x a + b.
bool TileBuilder::same_affine(const Node& a, const Node& b) const { return std::equal(a.source, a.source + 3, b.source); }

void TileBuilder::join_clip(Value number) {
  const Node node = nodes_[number];
  const auto set = [&](const Value* affine, Value low, Value high) {  // constant() may move the nodes
    if (!(constants_[nodes_[low].index].number <= constants_[nodes_[high].index].number)) return;
    nodes_[number] = {Kind::computed, TileOpcode::affine_clip, none, {affine[0], affine[1], affine[2], low, high}};
  };
  const double infinity = std::numeric_limits<double>::infinity();
  if (node.opcode == TileOpcode::relu && make_affine(node.source[0])) {
    const Node affine = nodes_[node.source[0]];
    const Value low = constant(0.0);
    set(affine.source, low, constant(infinity));
    return;
  }
  for (int side = 0; side < 2; ++side) {
    const Value inner = node.source[side], bound = node.source[1 - side];
    if (node.opcode == TileOpcode::maximum && nodes_[bound].kind == Kind::constant && make_affine(inner)) {
      const Node affine = nodes_[inner];
      set(affine.source, bound, constant(infinity));
      return;
    }
    if (node.opcode == TileOpcode::minimum && is_computed(inner, TileOpcode::affine_clip) &&
        nodes_[bound].kind == Kind::constant && is_infinite(nodes_[inner].source[4])) {
      const Node affine = nodes_[inner];
      set(affine.source, affine.source[3], bound);
      return;
    }
  }
}

bool TileBuilder::is_infinite(Value value) const {
  const Node& node = nodes_[value];
  return node.kind == Kind::constant && constants_[node.index].number == std::numeric_limits<double>::infinity();
}

// d where z is between its bounds, by two comparisons or one.
void TileBuilder::join_keep(Node* node) const {
  const Value low = node->source[0], tested = node->source[1];
  if (node->opcode == TileOpcode::keep_less && is_computed(tested, TileOpcode::affine_clip)) {
    const Node& clip = nodes_[tested];
    if (clip.source[3] != low || !is_infinite(clip.source[4])) return;  // then z > low exactly where its clip is
    *node = {Kind::computed, TileOpcode::affine_keep_above, none,
             {clip.source[0], clip.source[1], clip.source[2], low, node->source[2]}};
  } else if (node->opcode == TileOpcode::keep_less_equal && is_computed(tested, TileOpcode::multiply_add) &&
             is_computed(node->source[2], TileOpcode::keep_less_equal)) {
    const Node& upper = nodes_[node->source[2]];
    if (!is_computed(upper.source[0], TileOpcode::affine_clip) || nodes_[upper.source[1]].kind != Kind::constant) return;
    const Node& clip = nodes_[upper.source[0]];
    if (!same_affine(clip, nodes_[tested]) || clip.source[3] != low || !is_infinite(clip.source[4])) return;
    *node = {Kind::computed, TileOpcode::affine_keep, none,
             {clip.source[0], clip.source[1], clip.source[2], low, upper.source[1], upper.source[2]}};
  }
}

// (x a + b + c) s.
void TileBuilder::join_sum(Node* node) const {
  if (node->opcode != TileOpcode::multiply) return;
  for (int side = 0; side < 2; ++side) {
    if (!is_computed(node->source[side], TileOpcode::add)) continue;
    const Node& sum = nodes_[node->source[side]];
    for (int term = 0; term < 2; ++term) {
      if (!is_computed(sum.source[term], TileOpcode::multiply_add)) continue;
      const Node& affine = nodes_[sum.source[term]];
      *node = {Kind::computed, TileOpcode::affine_sum, none,
               {affine.source[0], affine.source[1], affine.source[2], sum.source[1 - term], node->source[1 - side]}};
      return;
    }
  }
}

// The step of Adam, once its parts are joined: see tile_program.h. Only where all three results go straight to memory.
void TileBuilder::join_adam() {
  const std::vector<int> uses = count_uses();
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Node update = nodes_[i];
    if (update.kind != Kind::computed || update.opcode != TileOpcode::subtract || uses[i] != 1) continue;
    if (!is_joinable(update.source[1], TileOpcode::divide_by_root, uses)) continue;
    const Node& quotient = nodes_[update.source[1]];
    if (!is_joinable(quotient.source[0], TileOpcode::multiply, uses)) continue;
    const Node& product = nodes_[quotient.source[0]];
    for (int side = 0; side < 2; ++side) {
      const Value m1 = product.source[side], v1 = quotient.source[1];
      const Node m = nodes_[m1], v = nodes_[v1];
      if (m.opcode != TileOpcode::interpolate || v.opcode != TileOpcode::interpolate_square) continue;
      if (uses[m1] != 2 || uses[v1] != 2 || m.source[1] != v.source[1]) continue;
      const Node joined = {Kind::computed, TileOpcode::adam_update, none,
                           {update.source[0], m.source[0], v.source[0], m.source[1], m.source[2], v.source[2],
                            product.source[1 - side], quotient.source[2]}};
      bool fits = true;
      for (int s = 0; s < 8; ++s) fits = fits && (s < 4 ? is_full(joined.source[s]) : is_single(joined.source[s]));
      int written = 0;
      for (const Output& output : outputs_)
        if (output.value == static_cast<Value>(i) || output.value == m1 || output.value == v1)
          written += is_native(output.dtype, type_) && may_write_directly(output, static_cast<Value>(i));
      if (!fits || written != 3) continue;
      nodes_[i] = joined;
      nodes_[m1] = nodes_[v1] = {Kind::computed, TileOpcode::adam_part, static_cast<int>(i), {none, none, none}};
      adam_parts_[0] = m1;
      adam_parts_[1] = v1;
      return;
    }
  }
}

// Whether a slot of this value always holds one number, or always a number for each element.
bool TileBuilder::is_single(Value value) const {
  const Node& node = nodes_[value];
  return node.kind == Kind::constant ||
         (node.kind == Kind::input && operands_[node.index].access == TileAccess::scalar);
}
bool TileBuilder::is_full(Value value) const {
  const Node& node = nodes_[value];
  return node.kind == Kind::computed ||
         (node.kind == Kind::input && operands_[node.index].access == TileAccess::contiguous);
}

// Drops dims of one element and merges neighbours that every strided input walks as one.
const char* TileBuilder::place_dims(TileProgram* program) const {
  std::vector<int64_t> dims;
  std::vector<std::vector<int64_t>> strides(operands_.size());
  for (size_t d = 0; d < dims_.size(); ++d) {
    if (dims_[d] == 1) continue;
    bool merges = !dims.empty();
    for (size_t i = 0; i < operands_.size() && merges; ++i)
      merges = strides_[i].empty() || strides[i].back() == strides_[i][d] * dims_[d];
    if (merges) dims.back() *= dims_[d];
    else dims.push_back(dims_[d]);
    for (size_t i = 0; i < operands_.size(); ++i) {
      if (strides_[i].empty()) continue;
      if (merges) strides[i].back() = strides_[i][d];
      else strides[i].push_back(strides_[i][d]);
    }
  }
  if (dims.empty()) dims.push_back(1);
  if (dims.size() > max_tile_rank) return "more dims than a tile program has after merging";
  program->rank = static_cast<uint8_t>(dims.size());
  program->elements = 1;
  for (size_t d = 0; d < dims.size(); ++d) {
    program->dims[d] = dims[d];
    program->elements *= dims[d];
  }
  for (size_t i = 0; i < operands_.size(); ++i) {
    TileOperand& operand = program->operand[i];
    if (operand.access != TileAccess::strided) continue;
    program->any_strided = true;
    std::copy(strides[i].begin(), strides[i].end(), operand.strides);
    for (size_t d = 0; d + 1 < dims.size(); ++d) operand.varies_by_row = operand.varies_by_row || strides[i][d] != 0;
    // Leading dims of stride 0 repeat what lies behind them.
    operand.period = 1;
    bool leading = true;
    for (size_t d = 0; d < dims.size(); ++d) {
      leading = leading && strides[i][d] == 0;
      if (!leading) operand.period *= dims[d];
    }
    if (operand.period == program->elements) operand.period = 0;
  }
  return nullptr;
}

// As long as registers and in-place operands together stay in the first-level cache, at most 4 KiB each.
void TileBuilder::choose_tiles(TileProgram* program) const {
  const int64_t bytes = type_ == TileType::f32 || type_ == TileType::i32 ? 4 : 8;
  int64_t streams = program->registers;
  for (int i = 0; i < program->inputs; ++i) streams += program->operand[i].staging == max_tile_registers;
  for (const Output& output : outputs_) streams += output.same_memory_as < 0;
  int64_t tile = std::clamp<int64_t>(cache_bytes / std::max<int64_t>(streams, 1), 1024, 4096) / bytes;
  if (program->registers > 0)
    tile = std::min(tile, (scratch_bytes / program->registers - register_padding) / bytes);
  else if (program->instructions == 1)
    tile = long_tile;  // nothing is read again, so nothing need stay in cache
  tile -= tile % 16;
  if (program->any_strided) {
    const int64_t inner = program->dims[program->rank - 1];
    if (inner >= short_row) {
      program->splits_rows = true;
      const int64_t pieces = (inner + tile - 1) / tile;
      tile = std::min(tile, ((inner + pieces - 1) / pieces + 15) / 16 * 16);
    } else {
      // Whole rows, and whole blocks of rows where such a block fits.
      int64_t unit = inner;
      for (int d = program->rank - 2; d >= 0 && unit * program->dims[d] <= tile; --d) unit *= program->dims[d];
      if (unit > 0 && unit <= tile) tile -= tile % unit;
    }
  }
  program->tile_elements = static_cast<int32_t>(tile);
}

// The output's memory may be that of an input; writing it is safe when no later instruction reads that input. Inputs
// that are staged are read before the first instruction.
bool TileBuilder::may_write_directly(const Output& output, Value written_by) const {
  if (output.same_memory_as == no_input) return true;
  const std::vector<int> uses = count_uses();
  for (size_t i = static_cast<size_t>(written_by) + 1; i < nodes_.size(); ++i) {
    if (nodes_[i].kind != Kind::computed || uses[i] == 0) continue;
    for (int s = 0; s < arity_of(nodes_[i].opcode); ++s) {
      const Node& source = nodes_[nodes_[i].source[s]];
      if (source.kind != Kind::input) continue;
      const TileOperand& operand = operands_[source.index];
      if (operand.access != TileAccess::contiguous || !operand.native) continue;
      if (output.same_memory_as == any_input || output.same_memory_as == source.index) return false;
    }
  }
  return true;
}

uint8_t TileBuilder::slot_of_leaf(Value value) const {
  const Node& node = nodes_[value];
  return static_cast<uint8_t>((node.kind == Kind::input ? tile_operand_slot : tile_constant_slot) + node.index);
}

// Registers by one walk in the order of computation: a register is free again after the last use of its value.
const char* TileBuilder::place_values(TileProgram* program) const {
  const std::vector<int> uses = count_uses();
  const int count = static_cast<int>(nodes_.size());
  std::vector<int> last_use(nodes_.size(), none), output_slot(nodes_.size(), none), place(nodes_.size(), none);
  for (int i = 0; i < count; ++i)
    if (nodes_[i].kind == Kind::computed && uses[i] > 0)
      for (int s = 0; s < arity_of(nodes_[i].opcode); ++s) last_use[nodes_[i].source[s]] = i;
  // An output of the compute type is written where its value is computed if that is safe; another copy of the value,
  // or one that must wait, is written at the end. One of another dtype is converted right after its value is computed.
  std::vector<std::pair<Value, int>> at_end;
  std::vector<std::vector<int>> conversions(nodes_.size());
  for (size_t o = 0; o < outputs_.size(); ++o) {
    const Output& output = outputs_[o];
    const int slot = tile_operand_slot + static_cast<int>(operands_.size() + o);
    const Node& node = nodes_[output.value];
    const Value written_by = node.opcode == TileOpcode::adam_part ? node.index : output.value;
    if (!is_native(output.dtype, type_)) {
      conversions[output.value].push_back(slot);
    } else if (output_slot[output.value] == none && may_write_directly(output, written_by)) {
      output_slot[output.value] = slot;
    } else {
      at_end.emplace_back(output.value, slot);
      last_use[output.value] = count;
    }
  }

  int fixed = 0;
  for (int i = 0; i < program->inputs; ++i) {
    TileOperand& operand = program->operand[i];
    // In rows that are walked in place the staging register stays unused.
    if (operand.access == TileAccess::strided || (operand.access == TileAccess::contiguous && !operand.native))
      operand.staging = static_cast<uint8_t>(fixed++);
  }
  std::vector<int> owner(max_tile_registers, none);
  int highest = fixed, instructions = 0;
  const auto emit = [&](TileOpcode opcode, int destination, const uint8_t* source) {
    if (instructions == max_tile_instructions) return false;
    TileInstruction& instruction = program->instruction[instructions++];
    instruction = {opcode, static_cast<uint8_t>(destination), {source[0], source[1], source[2]}};
    return true;
  };
  for (int i = 0; i < count; ++i) {
    const Node& node = nodes_[i];
    if (node.kind != Kind::computed || uses[i] == 0) continue;
    uint8_t source[9] = {};
    for (int s = 0; s < arity_of(node.opcode); ++s) {
      const Value value = node.source[s];
      source[s] = nodes_[value].kind == Kind::computed ? static_cast<uint8_t>(place[value]) : slot_of_leaf(value);
      if (last_use[value] == i && place[value] >= 0 && place[value] < max_tile_registers) owner[place[value]] = none;
    }
    place[i] = output_slot[i];
    for (int r = fixed; place[i] == none && r < max_tile_registers; ++r) {
      if (owner[r] != none) continue;
      place[i] = r;
      highest = std::max(highest, r + 1);
      if (last_use[i] > i) owner[r] = i;
    }
    if (place[i] == none) return "more temporaries than a tile program has registers";
    if (node.opcode == TileOpcode::adam_part) continue;  // comes with its adam_update
    bool room = emit(node.opcode, place[i], source);
    if (node.opcode != TileOpcode::adam_update && arity_of(node.opcode) > 3)
      room = room && emit(TileOpcode::more_sources, place[i], source + 3);
    if (node.opcode == TileOpcode::adam_update)
      for (int part = 0; part < 2; ++part)
        room = room && emit(TileOpcode::adam_part, place[adam_parts_[part]], source + 3 * (part + 1));
    if (!room) return "more instructions than a tile program has";
    source[0] = static_cast<uint8_t>(place[i]);
    for (const int slot : conversions[i])
      if (!emit(TileOpcode::store, slot, source)) return "more instructions than a tile program has";
  }
  for (const auto& [value, slot] : at_end) {
    const uint8_t source[3] = {static_cast<uint8_t>(place[value]), 0, 0};
    if (!emit(TileOpcode::copy, slot, source)) return "more instructions than a tile program has";
  }
  program->instructions = static_cast<uint8_t>(instructions);
  program->registers = static_cast<uint8_t>(highest);
  return nullptr;
}

const char* TileBuilder::build(TileProgram* program) {
  *program = TileProgram{};
  if (operands_.size() + outputs_.size() > max_tile_operands) return "more operands than a tile program has";
  for (const Node& node : nodes_)
    if (node.kind == Kind::computed && !tile_supports(node.opcode, type_))
      return "an operation that the compute type of the program does not have";
  program->type = type_;
  program->inputs = static_cast<uint8_t>(operands_.size());
  program->outputs = static_cast<uint8_t>(outputs_.size());
  std::copy(operands_.begin(), operands_.end(), program->operand);
  for (size_t o = 0; o < outputs_.size(); ++o) {
    TileOperand& operand = program->operand[operands_.size() + o];
    operand.dtype = static_cast<uint8_t>(outputs_[o].dtype);
    operand.access = TileAccess::contiguous;
    operand.native = is_native(outputs_[o].dtype, type_);
    operand.staging = max_tile_registers;
  }
  if (const char* reason = place_dims(program)) return reason;
  find_guard(program);
  join_instructions();
  if (type_ == TileType::f32) join_affine();
  if (type_ == TileType::f32) join_adam();
  if (constants_.size() > max_tile_constants) return "more constants than a tile program has";
  program->constants = static_cast<uint8_t>(constants_.size());
  std::copy(constants_.begin(), constants_.end(), program->constant);
  if (const char* reason = place_values(program)) return reason;
  choose_tiles(program);
  return nullptr;
}

}  // namespace gradmill
