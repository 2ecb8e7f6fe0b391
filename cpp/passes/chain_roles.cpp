#include "passes/chain_roles.h"

#include <algorithm>

#include "base/check.h"
#include "ops/convolution/convolution.h"
#include "ops/elementwise/elementwise.h"
#include "ops/linalg/matmul.h"
#include "ops/prepare.h"
#include "ops/reduction/reduction.h"
#include "ops/shape/pad.h"
#include "ops/shape/slice.h"
#include "passes/nodes.h"

namespace gradmill {
namespace {

// Larger factors and kernels are packed or transformed by every piece anew, which takes longer than the pieces save.
constexpr size_t largest_factor_bytes = 512 * 1024, largest_kernel_bytes = 64 * 1024;
constexpr int64_t fewest_rows = 1024;  // of a product

int64_t image_count(const Shape& shape) { return shape.rank() > 2 ? shape[0] : 0; }

bool is_float_type(const TensorType& type) { return type.dtype == DType::float32 || type.dtype == DType::float64; }

// How elementwise work on values of `shape` reads an operand; nothing when it does so in a way that cannot be cut.
std::optional<InputRole> operand_role(const Shape& operand, const Shape& shape) {
  if (operand == shape) return InputRole::cut;
  if (operand.elements() == 1) return InputRole::whole;
  const bool lines_up = operand.rank() == shape.rank();
  const bool is_vector = operand.elements() == operand.back() && operand.back() == shape.back();
  if (is_vector) return InputRole::whole;
  if (!lines_up) return std::nullopt;
  if (operand.back() == 1 && rows_of(operand) == rows_of(shape)) return InputRole::cut;
  const bool one_line = operand.elements() == operand[0] * operand.back() && operand[0] == shape[0];
  if (one_line && shape.rank() > 2 && operand.back() == shape.back()) return InputRole::per_image;
  return std::nullopt;
}

bool depends_on_place(int op) {
  return op == static_cast<int>(OpId::iota) || op == static_cast<int>(OpId::random_uniform);
}

// Roles of operands from `first` on, which belong to elementwise work on values of `shape`.
bool add_operands(const Node& node, size_t first, const Shape& shape, ChainRoles* roles) {
  for (size_t i = first; i < node.inputs.size(); ++i) {
    const auto role = operand_role(node.inputs[i]->type.shape, shape);
    if (!role) return false;
    roles->inputs.push_back(*role);
  }
  return true;
}

bool can_be_cut(const TileGroup& group) {
  return std::none_of(group.steps.begin(), group.steps.end(), [](const auto& step) { return depends_on_place(step.op); });
}

std::optional<ChainRoles> roles_of_tile(const Node& node) {
  const Shape& shape = node.outputs[0]->type.shape;
  if (shape.rank() < 2 || depends_on_place(node.op->id)) return std::nullopt;
  if (is_op(node, OpId::fused_tile) && !can_be_cut(*tile_group_of(*node.op, node.attributes, {}, {}))) return std::nullopt;
  ChainRoles roles{rows_of(shape), image_count(shape), {}, std::vector<OutputRole>(node.outputs.size(), OutputRole::cut)};
  if (!add_operands(node, 0, shape, &roles)) return std::nullopt;
  return roles;
}

std::optional<ChainRoles> roles_of_product(const Node& node) {
  const auto& attributes = node.attributes.as<MatmulAttributes>();
  const Shape &a = node.inputs[0]->type.shape, &b = node.inputs[1]->type.shape;
  if (b.rank() != 2) return std::nullopt;
  if (rows_of(a) < fewest_rows || (!attributes.transpose_a && node.inputs[1]->type.bytes() > largest_factor_bytes)) {
    return std::nullopt;
  }
  if (!attributes.transpose_a) {
    const Shape& y = node.outputs[0]->type.shape;
    ChainRoles roles{rows_of(a), image_count(a), {InputRole::cut, InputRole::whole}, {}};
    roles.outputs.assign(node.outputs.size(), OutputRole::cut);
    if (attributes.epilogue && !can_be_cut(*attributes.epilogue)) return std::nullopt;
    if (!add_operands(node, 2, y, &roles)) return std::nullopt;
    return roles;
  }
  if (a.rank() != 2 || attributes.transpose_b || attributes.epilogue) return std::nullopt;
  if (!is_float_type(node.outputs[0]->type)) return std::nullopt;  // sums are not added up in 16 bits
  return ChainRoles{a[0], 0, {InputRole::cut, InputRole::cut}, {OutputRole::added}};
}

std::optional<ChainRoles> roles_of_sum(const Node& node) {
  const auto& attributes = node.attributes.as<ReductionAttributes>();
  const Shape& x = node.inputs[0]->type.shape;
  if (!is_float_type(node.outputs[0]->type) || x.rank() < 2) return std::nullopt;
  std::vector<bool> summed(x.rank(), attributes.axes.empty());
  for (const int64_t axis : attributes.axes) summed[axis < 0 ? axis + x.rank() : axis] = true;
  const bool all_but_last = !summed.back() && std::all_of(summed.begin(), summed.end() - 1, [](bool s) { return s; });
  if (all_but_last) return ChainRoles{rows_of(x), image_count(x), {InputRole::cut}, {OutputRole::added}};
  if (summed[0] || x.rank() < 3) return std::nullopt;
  const bool all_of_an_image = !summed.back() && std::all_of(summed.begin() + 1, summed.end() - 1, [](bool s) { return s; });
  if (all_of_an_image) return ChainRoles{rows_of(x), x[0], {InputRole::cut}, {OutputRole::per_image}};
  return ChainRoles{0, x[0], {InputRole::cut}, {OutputRole::cut}};
}

std::optional<ChainRoles> roles_of_view(const Node& node) {
  const Shape &x = node.inputs[0]->type.shape, &y = node.outputs[0]->type.shape;
  if (x.rank() < 2 || y.rank() < 2) return std::nullopt;
  ChainRoles roles{0, 0, {InputRole::cut}, {OutputRole::cut}};
  if (x.back() == y.back()) roles.rows = rows_of(x);
  if (x[0] == y[0]) roles.images = std::max(image_count(x), image_count(y));
  if (!roles.rows && !roles.images) return std::nullopt;
  return roles;
}

std::optional<ChainRoles> roles_of_convolution(const Node& node) {
  const bool kernel_gradient = is_op(node, OpId::convolution_kernel_gradient);
  const TensorType& kernel = kernel_gradient ? node.outputs[0]->type : node.inputs[1]->type;
  if (kernel.bytes() > largest_kernel_bytes) return std::nullopt;
  // On units for 16-bit floats each call packs the kernel, which repays for whole batches.
  if (is_half(node.inputs[0]->type.dtype)) return std::nullopt;
  ChainRoles roles{0, node.inputs[0]->type.shape[0], {InputRole::cut, kernel_gradient ? InputRole::cut : InputRole::whole}, {}};
  roles.outputs.assign(node.outputs.size(), kernel_gradient ? OutputRole::added : OutputRole::cut);
  const TileGroupPointer epilogue = takes_epilogue(*node.op) ? epilogue_of(*node.op, node.attributes) : nullptr;
  if (epilogue && !can_be_cut(*epilogue)) return std::nullopt;
  if (!add_operands(node, 2, node.outputs[0]->type.shape, &roles)) return std::nullopt;
  return roles;
}

// Ops that treat every image alike.
std::optional<ChainRoles> roles_by_image(const Node& node) {
  if (node.inputs[0]->type.shape.rank() < 3) return std::nullopt;
  const int64_t images = node.inputs[0]->type.shape[0];
  return ChainRoles{0, images, std::vector<InputRole>(node.inputs.size(), InputRole::cut),
                    std::vector<OutputRole>(node.outputs.size(), OutputRole::cut)};
}

std::optional<ChainRoles> roles_of_other(const Node& node) {
  if (node.inputs.empty() || node.inputs[0]->type.shape.rank() < 2) return std::nullopt;
  switch (static_cast<OpId>(node.op->id)) {
    case OpId::matmul: return roles_of_product(node);
    case OpId::sum: return roles_of_sum(node);
    case OpId::convolution:
    case OpId::convolution_input_gradient:
    case OpId::convolution_kernel_gradient: return roles_of_convolution(node);
    case OpId::channel_moments: {
      const Shape& x = node.inputs[0]->type.shape;
      return ChainRoles{rows_of(x), image_count(x), {InputRole::cut}, {OutputRole::moments, OutputRole::moments}};
    }
    case OpId::channel_products: {
      const Shape& x = node.inputs[0]->type.shape;
      return ChainRoles{rows_of(x), image_count(x), {InputRole::cut, InputRole::cut, InputRole::whole},
                        {OutputRole::added, OutputRole::added}};
    }
    case OpId::max_pool:
    case OpId::max_pool_gradient:
    case OpId::average_pool:
    case OpId::average_pool_gradient: return roles_by_image(node);
    case OpId::pad: {
      const auto& attributes = node.attributes.as<PadAttributes>();
      if (attributes.before[0] || attributes.after[0]) return std::nullopt;
      return roles_by_image(node);
    }
    case OpId::slice: {
      const auto& attributes = node.attributes.as<SliceAttributes>();
      if (attributes.starts[0] != 0 || attributes.counts[0] != node.inputs[0]->type.shape[0] || attributes.steps[0] != 1) return std::nullopt;
      return roles_by_image(node);
    }
    default: return std::nullopt;
  }
}

// Shapes of pieces: of full values and of operands that are broadcast to them.
class PieceShapes {
 public:
  PieceShapes(const Grain& grain, int64_t count, int64_t band_rows) : grain_(grain), count_(count), band_rows_(band_rows) {}

  Shape cut(const Shape& shape) const {
    if (grain_.by_rows) return Shape{count_, shape.back()};
    Shape piece = with_first(shape, shape[0] / grain_.total * count_);
    if (band_rows_) piece.set(1, band_rows_);
    return piece;
  }

  // A value inside elementwise work on values of `whole`.
  Shape operand(const Shape& shape, const Shape& whole) const {
    switch (*operand_role(shape, whole)) {
      case InputRole::cut: return cut(shape);
      case InputRole::per_image: return grain_.by_rows ? Shape{1, shape.back()} : with_first(shape, count_);
      case InputRole::whole: break;
    }
    if (!grain_.by_rows || shape.rank() < 2) return shape;
    return shape.elements() == 1 ? Shape{1} : Shape{shape.back()};
  }

 private:
  static Shape with_first(const Shape& shape, int64_t first) {
    Shape result{first};
    for (int i = 1; i < shape.rank(); ++i) result.append(shape[i]);
    return result;
  }

  Grain grain_;
  int64_t count_, band_rows_;
};

TileGroupPointer piece_of_group(const TileGroup& group, const PieceShapes& shapes) {
  auto piece = std::make_shared<TileGroup>(group);
  piece->shape = shapes.cut(group.shape);
  for (auto& value : piece->values) {
    if (!value.is_constant) value.type.shape = shapes.operand(value.type.shape, group.shape);
  }
  return piece;
}

}  // namespace

int64_t rows_of(const Shape& shape) { return shape.back() == 0 ? 0 : shape.elements() / shape.back(); }

std::optional<ChainRoles> chain_roles(const Node& node) {
  for (const auto& value : node.inputs) {
    if (value->type.elements() == 0) return std::nullopt;
  }
  for (const auto& value : node.outputs) {
    if (value->type.elements() == 0) return std::nullopt;
  }
  if (node.op->traits.is_view) return roles_of_view(node);
  if (is_tile(node) || is_op(node, OpId::fused_tile)) return roles_of_tile(node);
  return roles_of_other(node);
}

PieceOfNode piece_of_node(const Node& node, const ChainRoles& roles, const Grain& grain, int64_t count,
                          int64_t band_rows) {
  const PieceShapes shapes(grain, count, band_rows);
  const bool elementwise = is_tile(node) || is_op(node, OpId::fused_tile);
  const Shape& result = node.outputs[0]->type.shape;
  PieceOfNode piece{node.attributes, {}, {}};
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const TensorType& type = node.inputs[i]->type;
    const bool operand = elementwise || i >= 2;
    piece.inputs.push_back({type.dtype, operand                                ? shapes.operand(type.shape, result)
                                        : roles.inputs[i] == InputRole::cut ? shapes.cut(type.shape)
                                                                               : type.shape});
  }
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    const TensorType& type = node.outputs[o]->type;
    piece.outputs.push_back({type.dtype, roles.outputs[o] == OutputRole::cut ? shapes.cut(type.shape) : type.shape});
  }
  if (is_op(node, OpId::fused_tile)) {
    FusedTileAttributes attributes = node.attributes.as<FusedTileAttributes>();
    attributes.group = piece_of_group(*attributes.group, shapes);
    piece.attributes = Attributes::of(attributes).with_schema(&node.op->signature.schema());
  } else if (takes_epilogue(*node.op)) {
    const TileGroupPointer epilogue = epilogue_of(*node.op, node.attributes);
    if (epilogue) piece.attributes = with_epilogue(*node.op, node.attributes, piece_of_group(*epilogue, shapes));
  } else if (is_op(node, OpId::sum) && grain.by_rows) {
    piece.attributes = Attributes::of(ReductionAttributes{{0}, false}).with_schema(&node.op->signature.schema());
    piece.outputs[0].shape = Shape{node.inputs[0]->type.shape.back()};
  } else if (is_op(node, OpId::slice)) {
    SliceAttributes attributes = node.attributes.as<SliceAttributes>();
    attributes.counts[0] = count;
    piece.attributes = Attributes::of(attributes).with_schema(&node.op->signature.schema());
  }
  return piece;
}

}  // namespace gradmill
