// Which part of a node's work belongs to some of the rows of a value, such as the first position of every sequence.
#pragma once

#include <optional>

#include "graph/graph.h"

namespace gradmill {

// Of `before` groups of `size` rows each, the rows start, start + step, ... (`count` of them) of every group.
struct Rows {
  int64_t before, size, start, step, count;
};
bool operator==(const Rows& a, const Rows& b);

// The rows that a slice takes, or that a slice_backward fills, where all other axes are whole and the last is none of them.
std::optional<Rows> rows_of_slice(const Node& node);
std::optional<Rows> rows_of_slice_backward(const Node& node);

// The value as it is with those rows alone, and one of such a shape with zeros for all other rows; nodes go into the graph.
// The value must have such rows: roles name no others.
ValuePointer take_rows(Graph& graph, const ValuePointer& value, const Rows& rows, const Node& reader);
ValuePointer among_zeros(Graph& graph, const ValuePointer& taken, const TensorType& whole, const Rows& rows, const Node& maker);

// How a node works on some rows: which rows of each input it then reads (nothing: all of it), and which outputs have those
// rows alone (the others are what they are for all rows).
struct RowRoles {
  std::vector<std::optional<Rows>> inputs;
  std::vector<bool> cut_outputs;
};

// Where `rows` of the outputs follow from rows of the inputs. Nothing for a node that looks across rows.
std::optional<RowRoles> roles_of_rows(const Node& node, const Rows& rows);
// Where all other rows of the marked inputs are zeros: other rows of the cut outputs are zeros, too, and add nothing to the
// others.
std::optional<RowRoles> roles_among_zeros(const Node& node, const Rows& rows, const std::vector<bool>& marked);

// The node's attributes for those rows.
Attributes attributes_for_rows(const Node& node, const Rows& rows);

}  // namespace gradmill
