#include "passes/row_roles.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <tuple>

#include "ops/attention/attention.h"
#include "ops/elementwise/elementwise.h"
#include "ops/linalg/matmul.h"
#include "ops/normalization/log_softmax.h"
#include "ops/normalization/softmax.h"
#include "ops/reduction/reduction.h"
#include "ops/shape/reshape.h"
#include "ops/shape/slice.h"
#include "passes/nodes.h"

namespace gradmill {
namespace {

// Where a value has its rows: along an axis of their own, or along the first together with the groups.
struct RowAxis {
  int axis;
  bool merged;
};

std::optional<RowAxis> row_axis(const Shape& shape, const Rows& rows) {
  int64_t before = 1;
  for (int axis = 0; axis < shape.rank(); before *= shape[axis++]) {
    if (before == rows.before && shape[axis] == rows.size) return RowAxis{axis, false};
  }
  if (shape.rank() > 0 && shape[0] == rows.before * rows.size) return RowAxis{0, true};
  return std::nullopt;
}

// The same where the last axis, along which rows are summed or multiplied, is none of theirs.
std::optional<RowAxis> leading_row_axis(const Shape& shape, const Rows& rows) {
  const auto found = row_axis(shape, rows);
  return found && found->axis + 1 < shape.rank() ? found : std::nullopt;
}

// With the groups and the rows of each as two axes.
Shape split_shape(const Shape& shape, const RowAxis& at, const Rows& rows) {
  if (!at.merged) return shape;
  Shape split{rows.before, rows.size};
  for (int i = 1; i < shape.rank(); ++i) split.append(shape[i]);
  return split;
}

Shape shape_for_rows(const Shape& shape, const Rows& rows) {
  const RowAxis at = *row_axis(shape, rows);
  Shape result = shape;
  result.set(at.axis, at.merged ? rows.before * rows.count : rows.count);
  return result;
}

SliceAttributes slice_of(const Shape& shape, int axis, const Rows& rows) {
  SliceAttributes slice{Ints(shape.rank(), 0), shape.vector(), Ints(shape.rank(), 1)};
  slice.starts[axis] = rows.start;
  slice.counts[axis] = rows.count;
  slice.steps[axis] = rows.step;
  return slice;
}

std::optional<Rows> rows_taken(const Shape& shape, const Ints& starts, const Ints& counts, const Ints& steps) {
  std::optional<Rows> rows;
  int64_t before = 1;
  for (int i = 0; i < shape.rank(); before *= shape[i++]) {
    if (starts[i] == 0 && counts[i] == shape[i] && steps[i] == 1) continue;
    if (rows || i + 1 == shape.rank() || counts[i] < 1 || steps[i] < 1) return std::nullopt;
    rows = Rows{before, shape[i], starts[i], steps[i], counts[i]};
  }
  return rows;
}

template <class A>
Attributes as_attributes(A attributes, const OpDef& op) {
  return Attributes::of(std::move(attributes)).with_schema(&op.signature.schema());
}

ValuePointer add_like(Graph& graph, OpId id, Attributes attributes, const ValuePointer& input, const TensorType& type, const Node& model) {
  const OpDef& op = op_definition(id);
  Node* made = graph.add_node(op, attributes.with_schema(&op.signature.schema()), {input}, {type}, model.scope);
  made->again = model.again;
  return made->outputs[0];
}

ValuePointer reshaped(Graph& graph, const ValuePointer& value, const Shape& shape, const Node& model) {
  if (value->type.shape == shape) return value;
  return add_like(graph, OpId::reshape, Attributes::of(ReshapeAttributes{shape.vector()}), value, {value->type.dtype, shape}, model);
}

RowRoles all_outputs_cut(const Node& node) {
  return {std::vector<std::optional<Rows>>(node.inputs.size()), std::vector<bool>(node.outputs.size(), true)};
}

// Which rows of an operand elementwise work on `shape` reads for those of the result; nothing where it is broadcast along them.
std::optional<Rows> operand_rows(const Shape& operand, const Shape& shape, const RowAxis& at, const Rows& rows) {
  const int axis = at.axis - (shape.rank() - operand.rank());
  if (axis < 0 || operand[axis] != shape[at.axis]) return std::nullopt;
  Rows read = rows;
  if (!at.merged) read.before = std::accumulate(operand.begin(), operand.begin() + axis, int64_t{1}, std::multiplies<>());
  return read;
}

std::optional<RowRoles> roles_of_tile(const Node& node, const Rows& rows) {
  if (is_op(node, OpId::iota) || is_op(node, OpId::random_uniform)) return std::nullopt;
  const Shape& shape = node.outputs[0]->type.shape;
  const auto at = row_axis(shape, rows);
  if (!at) return std::nullopt;
  RowRoles roles = all_outputs_cut(node);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    roles.inputs[i] = operand_rows(node.inputs[i]->type.shape, shape, *at, rows);
  }
  return roles;
}

bool normalizes_along(int64_t axis, const Shape& shape, const RowAxis& rows) {
  return (axis < 0 ? axis + shape.rank() : axis) > rows.axis;
}

// Ops whose first input and all outputs have the rows, and whose other inputs are read as wholes.
std::optional<RowRoles> roles_of_first_input(const Node& node, const Rows& rows) {
  if (!leading_row_axis(node.inputs[0]->type.shape, rows)) return std::nullopt;
  RowRoles roles = all_outputs_cut(node);
  roles.inputs[0] = rows;
  return roles;
}

bool is_plain_product(const Node& node, bool transpose_a) {
  const auto& attributes = node.attributes.as<MatmulAttributes>();
  return attributes.transpose_a == transpose_a && !attributes.epilogue && node.inputs[1]->type.shape.rank() == 2;
}

std::vector<bool> summed_axes(const Node& sum) {
  const auto& attributes = sum.attributes.as<ReductionAttributes>();
  const int rank = sum.inputs[0]->type.shape.rank();
  std::vector<bool> summed(rank, attributes.axes.empty());
  for (const int64_t axis : attributes.axes) summed[axis < 0 ? axis + rank : axis] = true;
  return summed;
}

std::optional<RowRoles> roles_of_sum(const Node& node, const Rows& rows) {
  const auto at = row_axis(node.inputs[0]->type.shape, rows), after = row_axis(node.outputs[0]->type.shape, rows);
  if (!at || !after || at->axis != after->axis || at->merged != after->merged) return std::nullopt;
  const std::vector<bool> summed = summed_axes(node);
  if (std::any_of(summed.begin(), summed.begin() + at->axis + 1, [](bool s) { return s; })) return std::nullopt;
  RowRoles roles = all_outputs_cut(node);
  roles.inputs[0] = rows;
  return roles;
}

// The bias of attention, by the rows of the queries.
std::optional<Rows> bias_rows(const Shape& bias, const Rows& rows) {
  if (bias[2] == 1) return std::nullopt;
  return Rows{bias[0] * bias[1], rows.size, rows.start, rows.step, rows.count};
}

// `query`: which input that is; key, value and bias follow.
bool has_query_rows(const Node& node, size_t query, const Rows& rows) {
  const Shape& shape = node.inputs[query]->type.shape;
  return rows.before == shape[0] && rows.size == shape[1];
}

std::optional<RowRoles> roles_of_attention(const Node& node, const Rows& rows) {
  if (!has_query_rows(node, 0, rows)) return std::nullopt;
  RowRoles roles = all_outputs_cut(node);
  roles.inputs[0] = rows;
  roles.inputs[3] = bias_rows(node.inputs[3]->type.shape, rows);
  return roles;
}

// Whether elementwise work makes zeros where the marked inputs are zeros. (What is multiplied by zero counts as finite.)
bool keeps_zeros(const Node& node, const std::vector<bool>& marked) {
  const auto zero = [&](size_t i) { return marked[i] || is_scalar_constant(node.inputs[i], 0); };
  switch (static_cast<OpId>(node.op->id)) {
    case OpId::multiply: return zero(0) || zero(1);
    case OpId::divide: return zero(0);
    case OpId::add:
    case OpId::subtract: return zero(0) && zero(1);
    case OpId::where: return zero(1) && zero(2);
    case OpId::neg:
    case OpId::cast:
    case OpId::broadcast_to: return zero(0);
    default: return false;
  }
}

// Elementwise work, of whose operands those that are marked have the rows of the result.
std::optional<RowRoles> tile_among_zeros(const Node& node, const Rows& rows, const std::vector<bool>& marked) {
  const auto roles = keeps_zeros(node, marked) ? roles_of_tile(node, rows) : std::nullopt;
  for (size_t i = 0; roles && i < marked.size(); ++i) {
    if (marked[i] && !(roles->inputs[i] && *roles->inputs[i] == rows)) return std::nullopt;
  }
  return roles;
}

std::optional<RowRoles> product_among_zeros(const Node& node, const Rows& rows, const std::vector<bool>& marked) {
  const Shape &a = node.inputs[0]->type.shape, &b = node.inputs[1]->type.shape;
  if (is_plain_product(node, false)) return marked[0] ? roles_of_first_input(node, rows) : std::nullopt;
  if (!is_plain_product(node, true) || node.attributes.as<MatmulAttributes>().transpose_b || a.rank() != 2) return std::nullopt;
  if (a[0] != rows.before * rows.size || b[0] != a[0]) return std::nullopt;
  return RowRoles{{rows, rows}, {false}};
}

std::optional<RowRoles> sum_among_zeros(const Node& node, const Rows& rows) {
  const auto at = row_axis(node.inputs[0]->type.shape, rows);
  if (!at || !summed_axes(node)[at->axis]) return std::nullopt;
  return RowRoles{{rows}, {false}};
}

}  // namespace

bool operator==(const Rows& a, const Rows& b) {
  return std::tie(a.before, a.size, a.start, a.step, a.count) == std::tie(b.before, b.size, b.start, b.step, b.count);
}

std::optional<Rows> rows_of_slice(const Node& node) {
  const auto& a = node.attributes.as<SliceAttributes>();
  return rows_taken(node.inputs[0]->type.shape, a.starts, a.counts, a.steps);
}

std::optional<Rows> rows_of_slice_backward(const Node& node) {
  const auto& a = node.attributes.as<SliceBackwardAttributes>();
  return rows_taken(Shape(a.shape), a.starts, a.counts, a.steps);
}

ValuePointer take_rows(Graph& graph, const ValuePointer& value, const Rows& rows, const Node& reader) {
  const RowAxis at = *row_axis(value->type.shape, rows);
  const ValuePointer split = reshaped(graph, value, split_shape(value->type.shape, at, rows), reader);
  const SliceAttributes slice = slice_of(split->type.shape, at.axis + at.merged, rows);
  const TensorType type{value->type.dtype, Shape(slice.counts)};
  const ValuePointer taken = add_like(graph, OpId::slice, Attributes::of(slice), split, type, reader);
  return reshaped(graph, taken, shape_for_rows(value->type.shape, rows), reader);
}

ValuePointer among_zeros(Graph& graph, const ValuePointer& taken, const TensorType& whole, const Rows& rows, const Node& maker) {
  const RowAxis at = *row_axis(whole.shape, rows);
  const Shape split = split_shape(whole.shape, at, rows);
  SliceAttributes slice = slice_of(split, at.axis + at.merged, rows);
  const ValuePointer source = reshaped(graph, taken, Shape(slice.counts), maker);
  const SliceBackwardAttributes attributes{split.vector(), slice.starts, slice.counts, slice.steps};
  const ValuePointer spread =
      add_like(graph, OpId::slice_backward, Attributes::of(attributes), source, {whole.dtype, split}, maker);
  return reshaped(graph, spread, whole.shape, maker);
}

std::optional<RowRoles> roles_of_rows(const Node& node, const Rows& rows) {
  if (is_tile(node)) return roles_of_tile(node, rows);
  switch (static_cast<OpId>(node.op->id)) {
    case OpId::reshape:
      if (!row_axis(node.inputs[0]->type.shape, rows) || !row_axis(node.outputs[0]->type.shape, rows)) return std::nullopt;
      return RowRoles{{rows}, {true}};
    case OpId::matmul: return is_plain_product(node, false) ? roles_of_first_input(node, rows) : std::nullopt;
    case OpId::layer_norm: return roles_of_first_input(node, rows);
    case OpId::sum: return roles_of_sum(node, rows);
    case OpId::attention: return roles_of_attention(node, rows);
    case OpId::softmax:
    case OpId::log_softmax: {
      const Shape& shape = node.inputs[0]->type.shape;
      const int64_t axis = is_op(node, OpId::softmax) ? node.attributes.as<SoftmaxAttributes>().axis
                                                      : node.attributes.as<LogSoftmaxAttributes>().axis;
      const auto at = row_axis(shape, rows);
      return at && normalizes_along(axis, shape, *at) ? roles_of_first_input(node, rows) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

std::optional<RowRoles> roles_among_zeros(const Node& node, const Rows& rows, const std::vector<bool>& marked) {
  if (is_tile(node)) return tile_among_zeros(node, rows, marked);
  switch (static_cast<OpId>(node.op->id)) {
    case OpId::reshape: return roles_of_rows(node, rows);
    case OpId::matmul: return product_among_zeros(node, rows, marked);
    case OpId::sum: {
      const auto along = roles_of_sum(node, rows);
      return along ? along : sum_among_zeros(node, rows);
    }
    case OpId::layer_norm_backward:
      if (!marked[0] || !leading_row_axis(node.inputs[0]->type.shape, rows)) return std::nullopt;
      return RowRoles{{rows, rows, std::nullopt, rows, rows}, {true, false, false}};
    case OpId::attention_backward:
      if (!marked[0] || !has_query_rows(node, 1, rows)) return std::nullopt;
      return RowRoles{{rows, rows, std::nullopt, std::nullopt, bias_rows(node.inputs[4]->type.shape, rows), std::nullopt},
                      {true, false, false}};
    default: return std::nullopt;
  }
}

Attributes attributes_for_rows(const Node& node, const Rows& rows) {
  if (is_op(node, OpId::reshape)) {
    return as_attributes(ReshapeAttributes{shape_for_rows(node.outputs[0]->type.shape, rows).vector()}, *node.op);
  }
  if (is_op(node, OpId::broadcast_to)) {
    return as_attributes(BroadcastAttributes{shape_for_rows(node.outputs[0]->type.shape, rows).vector()}, *node.op);
  }
  if (is_op(node, OpId::attention) || is_op(node, OpId::attention_backward)) {
    AttentionAttributes attributes = node.attributes.as<AttentionAttributes>();
    attributes.choose_queries(rows.start, rows.step, rows.size);
    return as_attributes(attributes, *node.op);
  }
  return node.attributes;
}

}  // namespace gradmill
