#include "ops/elementwise/tile_group.h"

#include <algorithm>

#include "base/check.h"
#include "math/tile_builder.h"
#include "ops/elementwise/elementwise.h"
#include "registry/registry.h"

namespace gradmill {
namespace {

bool is_op(int op, OpId id) { return op == static_cast<int>(id); }

TileType wider(TileType a, TileType b) {
  if (a == TileType::f64 || b == TileType::f64) return TileType::f64;
  if (a == TileType::f32 || b == TileType::f32) return TileType::f32;
  return a == TileType::i64 || b == TileType::i64 ? TileType::i64 : TileType::i32;
}

bool is_float_program(TileType type) { return type == TileType::f32 || type == TileType::f64; }

// A computed value of a cast: what the program's registers must hold so that consumers see the cast value.
TileBuilder::Value build_cast(TileBuilder& builder, TileType type, TileBuilder::Value source, DType from, DType to) {
  if (to == DType::boolean && from != DType::boolean) {
    const auto zero = is_float_program(type) ? builder.constant(0.0) : builder.integer_constant(0);
    return builder.apply(TileOpcode::not_equal, source, zero);
  }
  if (is_float_program(type) && is_integer(to) && is_float(from)) return builder.apply(TileOpcode::trunc, source);
  return source;
}

std::vector<int64_t> broadcast_strides(const Shape& from, const Shape& to) {
  std::vector<int64_t> strides(to.rank(), 0);
  int64_t stride = 1;
  for (int i = from.rank() - 1; i >= 0; --i) {
    const int axis = i + to.rank() - from.rank();
    strides[axis] = from[i] == 1 ? 0 : stride;
    stride *= from[i];
  }
  return strides;
}

}  // namespace

TileType tile_type_of_op(int op, const std::vector<TensorType>& inputs, const TensorType& output) {
  if (is_op(op, OpId::cast)) {
    const TileType from = tile_type_of(inputs[0].dtype), to = tile_type_of(output.dtype);
    if (output.dtype == DType::boolean) return from;
    if (inputs[0].dtype == DType::boolean) return to;
    return wider(from, to);
  }
  if (is_op(op, OpId::where)) return tile_type_of(inputs[1].dtype);
  if (is_op(op, OpId::random_uniform) || inputs.empty()) return tile_type_of(output.dtype);
  TileType type = tile_type_of(inputs[0].dtype);
  for (const auto& input : inputs) type = wider(type, tile_type_of(input.dtype));
  return type;
}

TileGroup single_step_group(int op, const Attributes& attributes, const std::vector<TensorType>& inputs,
                            const TensorType& output) {
  TileGroup group;
  group.shape = output.shape;
  TileGroup::Step step{op, attributes, {}, 0};
  for (const auto& type : inputs) {
    step.inputs.push_back(group.add_value(type));
    group.inputs.push_back(step.inputs.back());
  }
  step.output = group.add_value(output);
  group.outputs.push_back(step.output);
  group.steps.push_back(std::move(step));
  return group;
}

const char* build_tile_program(const TileGroup& group, TileType type, const std::vector<int>& same_memory_as,
                               TileProgram* program) {
  if (group.inputs.size() + group.outputs.size() > static_cast<size_t>(max_tile_operands)) return "too many operands";
  if (group.steps.size() > static_cast<size_t>(max_tile_instructions)) return "too many steps";
  TileBuilder builder(type, group.shape.data(), group.shape.rank());
  std::vector<TileBuilder::Value> built(group.values.size(), -1);
  std::vector<bool> is_key(group.values.size(), false);
  for (const auto& step : group.steps) {
    if (is_op(step.op, OpId::random_uniform)) is_key[step.inputs[0]] = true;
  }
  for (int value : group.inputs) {
    const TensorType& of = group.values[value].type;
    built[value] = is_key[value] ? builder.key_input()
                                 : builder.input(of.dtype, broadcast_strides(of.shape, group.shape).data());
  }
  for (size_t i = 0; i < group.values.size(); ++i) {
    const auto& value = group.values[i];
    if (!value.is_constant) continue;
    built[i] = is_float_program(type) ? builder.constant(value.constant) : builder.integer_constant(value.integer);
  }
  for (const auto& step : group.steps) {
    const auto source = [&](int i) { return built[step.inputs[i]]; };
    if (is_op(step.op, OpId::cast)) {
      built[step.output] = build_cast(builder, type, source(0), group.values[step.inputs[0]].type.dtype,
                                      group.values[step.output].type.dtype);
    } else if (is_op(step.op, OpId::broadcast_to)) {
      built[step.output] = source(0);
    } else if (is_op(step.op, OpId::iota)) {
      built[step.output] = builder.iota();
    } else if (is_op(step.op, OpId::random_uniform)) {
      built[step.output] = builder.uniform(source(0));
    } else {
      // Elementwise rows come first in the catalogue, in the order of the opcodes.
      const auto opcode = static_cast<TileOpcode>(step.op);
      if (!tile_supports(opcode, type)) return "no formula for this type";
      const size_t count = step.inputs.size();
      built[step.output] = builder.apply(opcode, source(0), count > 1 ? source(1) : -1, count > 2 ? source(2) : -1);
    }
  }
  for (size_t i = 0; i < group.outputs.size(); ++i) {
    const int value = group.outputs[i];
    builder.output(group.values[value].type.dtype, built[value], same_memory_as[i]);
  }
  return builder.build(program);
}

std::string to_string(const TileGroup& group) {
  std::string result;
  for (const auto& step : group.steps) result += (result.empty() ? "" : ", ") + std::string(catalogue_row(step.op).name);
  return result;
}

}  // namespace gradmill
