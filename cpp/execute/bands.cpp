#include "execute/bands.h"

#include <algorithm>

#include "ops/convolution/candidates.h"
#include "ops/convolution/convolution.h"
#include "passes/nodes.h"

namespace gradmill {
namespace {

int64_t entry(const Ints& list, int64_t otherwise) { return list.empty() ? otherwise : list[0]; }

}  // namespace

std::optional<Bands> Bands::of(const std::vector<Member>& members, const std::function<bool(const Value*)>& is_result) {
  Bands bands;
  if (!bands.find_sides(members) || !bands.allowed(members, is_result)) return std::nullopt;
  return bands;
}

bool Bands::set_side(const ValuePointer& value, Side side) {
  const Shape& shape = value->type.shape;
  if (shape.rank() == 4) {
    if (height_[side] && shape[1] != height_[side]) return false;
    height_[side] = shape[1];
  } else if (shape.rank() != 2 || !height_[side] || shape[0] % (images_ * height_[side])) {
    return false;  // neither images nor the list of all their pixels
  }
  return side_.emplace(value.get(), side).first->second == side;
}

// Elementwise work lies on one side, and sums too; convolutions lead from one to the other.
bool Bands::find_sides(const std::vector<Member>& members) {
  bool forward = false, backward = false, found = false;
  for (const auto& [node, roles] : members) {
    if (!is_convolution(*node->op)) continue;
    const auto& a = node->attributes.as<ConvolutionAttributes>();
    const bool of_kernel = is_op(*node, OpId::convolution_kernel_gradient);
    const bool of_input = is_op(*node, OpId::convolution_input_gradient);
    const Shape& kernel = of_kernel ? node->outputs[0]->type.shape : node->inputs[1]->type.shape;
    if (kernel.rank() != 4 || a.groups == 1) return false;  // other kernels lose more by small products than bands save
    const int64_t stride = entry(a.strides, 1), reach = (kernel[0] - 1) * entry(a.dilation, 1) + 1;
    const int64_t padding = entry(a.padding_low, 0);
    if (found && (stride != stride_ || reach != reach_ || padding != padding_)) return false;
    if (stride > reach) return false;  // rows that nothing is made of
    stride_ = stride, reach_ = reach, padding_ = padding, found = true;
    images_ = node->inputs[0]->type.shape[0];
    forward = forward || (!of_kernel && !of_input);
    backward = backward || of_input;
    const ValuePointer& in = of_input ? node->outputs[0] : node->inputs[0];
    const ValuePointer& out = of_kernel ? node->inputs[1] : of_input ? node->inputs[0] : node->outputs[0];
    if (!set_side(in, input) || !set_side(out, output)) return false;
  }
  if (!found || (forward && backward)) return false;
  own_side_ = forward ? output : input;
  bool changed = true;
  while (changed) {
    changed = false;
    for (const auto& [node, roles] : members) {
      std::vector<ValuePointer> cut;  // of one side
      for (size_t i = is_convolution(*node->op) ? 2 : 0; i < node->inputs.size(); ++i) {
        if (roles->inputs[i] == InputRole::cut) cut.push_back(node->inputs[i]);
      }
      for (size_t o = 0; o < node->outputs.size(); ++o) {
        if (roles->outputs[o] == OutputRole::cut) cut.push_back(node->outputs[o]);
      }
      const auto known = std::find_if(cut.begin(), cut.end(), [&](const auto& value) { return side_.count(value.get()); });
      if (known == cut.end()) continue;
      const Side side = side_.at(known->get());
      for (const auto& value : cut) {
        changed = changed || !side_.count(value.get());
        if (!set_side(value, side)) return false;
      }
    }
  }
  return true;
}

// Whether the bands' rows on the other side are all that there are.
bool Bands::makes_all_rows() const {
  return own_side_ == output && (height_[output] - 1) * stride_ - padding_ + reach_ >= height_[input];
}

bool Bands::allowed(const std::vector<Member>& members, const std::function<bool(const Value*)>& is_result) {
  for (const auto& [node, roles] : members) {
    const bool convolution = is_convolution(*node->op);
    for (size_t i = 0; i < node->inputs.size(); ++i) {
      if (roles->inputs[i] == InputRole::cut && !side_.count(node->inputs[i].get())) return false;
    }
    for (size_t o = 0; o < node->outputs.size(); ++o) {
      const Value* value = node->outputs[o].get();
      if (roles->outputs[o] == OutputRole::cut) {
        if (!side_.count(value)) return false;
        if (side_.at(value) == own_side_ || !is_result(value)) continue;
        if (!makes_all_rows() || images_ < fewest_whole_images || !continues(*node, *roles)) return false;
        stay_together_ = true;
      } else if (!convolution) {
        for (size_t i = 0; i < node->inputs.size(); ++i) {
          if (roles->inputs[i] == InputRole::cut && side_.at(node->inputs[i].get()) != own_side_) return false;
        }
      }
    }
  }
  return true;
}

// Rows of the other side that touch those of a band.
RowRange Bands::other(RowRange own) const {
  if (own_side_ == output) {
    const int64_t begin = own.begin * stride_ - padding_, end = (own.end - 1) * stride_ - padding_ + reach_;
    return {std::clamp<int64_t>(begin, 0, height_[input]), std::clamp<int64_t>(end, 0, height_[input])};
  }
  const int64_t first = own.begin + padding_ - reach_ + 1, last = own.end - 1 + padding_;
  const int64_t begin = first <= 0 ? 0 : (first + stride_ - 1) / stride_;
  return {std::min(begin, height_[output] - 1), std::clamp<int64_t>(last / stride_ + 1, 1, height_[output])};
}

// Zeros before the input rows of a band, seen from its first output row.
int64_t Bands::padding(int64_t band) const {
  const int64_t in = (own_side_ == input ? own_ : other_)[band].begin, out = (own_side_ == input ? other_ : own_)[band].begin;
  return in - (out * stride_ - padding_);
}

void Bands::cut(int64_t rows) {
  rows = std::max<int64_t>((rows + stride_ - 1) / stride_ * stride_, 1);
  const int64_t height = own_height(), bands = std::max<int64_t>(height / rows, 1);
  own_.clear(), other_.clear(), kinds_.clear(), kind_of_.clear();
  for (int64_t band = 0; band < bands; ++band) {
    own_.push_back({band * rows, band + 1 == bands ? height : (band + 1) * rows});
    other_.push_back(other(own_.back()));
  }
  for (int64_t band = 0; band < bands; ++band) {
    const auto same = std::find_if(kinds_.begin(), kinds_.end(), [&](int64_t kind) {
      return own_[kind].count() == own_[band].count() && other_[kind].count() == other_[band].count() &&
             padding(kind) == padding(band) && overlap(kind) == overlap(band);
    });
    kind_of_.push_back(static_cast<int>(same - kinds_.begin()));
    if (same == kinds_.end()) kinds_.push_back(band);
  }
}

RowRange Bands::range(const Value* value, int64_t band) const {
  return (side_.at(value) == own_side_ ? own_ : other_)[band];
}

// Rows of the other side that two neighbouring bands have in common.
int64_t Bands::overlap(int64_t band) const {
  return band ? std::max<int64_t>(other_[band - 1].end - other_[band].begin, 0) : 0;
}

int64_t Bands::known(const Value* value, int64_t band) const { return side_.at(value) == own_side_ ? 0 : overlap(band); }

bool Bands::continues(const Node& node, const ChainRoles& roles) const {
  const auto lies_on_own_side = [&](const ValuePointer& value) { return side_.at(value.get()) == own_side_; };
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (roles.inputs[i] == InputRole::cut && lies_on_own_side(node.inputs[i])) return false;
  }
  return std::none_of(node.outputs.begin(), node.outputs.end(), [&](const auto& value) {
    return !side_.count(value.get()) || lies_on_own_side(value);
  });
}

int64_t Bands::most_rows(const Value* value) const {
  int64_t most = 0;
  for (const int64_t band : kinds_) most = std::max(most, range(value, band).count());
  return most;
}

PieceOfNode Bands::piece(const Node& node, const ChainRoles& roles, int64_t band, bool continued) const {
  const Value* reference = nullptr;  // for elementwise work: its side
  for (size_t o = 0; o < node.outputs.size() && !reference; ++o) {
    if (roles.outputs[o] == OutputRole::cut) reference = node.outputs[o].get();
  }
  const auto rows_of = [&](const Value* value) { return range(value, band).count() - (continued ? known(value, band) : 0); };
  PieceOfNode piece = piece_of_node(node, roles, {false, images_}, 1, reference ? rows_of(reference) : 0);
  const auto set_rows = [&](TensorType& type, const Value* value) {
    const int64_t rows = rows_of(value);
    if (type.shape.rank() == 4) type.shape.set(1, rows);
    else type.shape.set(0, value->type.shape[0] / (images_ * height(value)) * rows);
  };
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (roles.inputs[i] == InputRole::cut) set_rows(piece.inputs[i], node.inputs[i].get());
  }
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    if (roles.outputs[o] == OutputRole::cut) set_rows(piece.outputs[o], node.outputs[o].get());
  }
  if (is_convolution(*node.op)) {
    ConvolutionAttributes attributes = piece.attributes.as<ConvolutionAttributes>();
    if (attributes.padding_low.empty()) attributes.padding_low.assign(2, 0);
    if (attributes.padding_high.empty()) attributes.padding_high.assign(2, 0);
    attributes.padding_low[0] = padding(band);
    attributes.padding_high[0] = 0;  // what lies behind follows from the sizes
    if (!attributes.input_size.empty()) attributes.input_size[0] = (own_side_ == input ? own_ : other_)[band].count();
    piece.attributes = Attributes::of(attributes).with_schema(&node.op->signature.schema());
  }
  return piece;
}

}  // namespace gradmill
