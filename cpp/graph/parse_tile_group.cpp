// The text of a fused node's ops. Kernels trust a group, so nothing that does not fit gets through.
#include <algorithm>

#include "base/error.h"
#include "graph/text_cursor.h"
#include "registry/registry.h"

namespace gradmill {
namespace {

constexpr size_t most_values = 1024;

enum class Role : uint8_t { unknown, read, constant, computed };

class GroupParser {
 public:
  explicit GroupParser(TextCursor& cursor) : cursor_(cursor) {}

  TileGroupPointer parse() {
    cursor_.expect("tile");
    group_.shape = cursor_.shape();
    cursor_.expect("[");
    while (!cursor_.accept("]")) {
      declare();
      if (cursor_.accept("]")) break;
      cursor_.expect(",");
    }
    group_.inputs = value_list();
    for (int value : group_.inputs) take_input(value);
    cursor_.expect("{");
    while (!cursor_.accept("}")) {
      step();
      if (cursor_.accept("}")) break;
      cursor_.expect(";");
    }
    cursor_.expect("->");
    group_.outputs = value_list();
    check();
    return std::make_shared<const TileGroup>(std::move(group_));
  }

 private:
  // The number of a value; room for it is made.
  int value() {
    cursor_.expect("%");
    const int64_t number = cursor_.integer();
    if (number < 0 || number >= static_cast<int64_t>(most_values)) cursor_.fail(text("a value below %", most_values));
    while (group_.values.size() <= static_cast<size_t>(number)) {
      group_.add_value({DType::float32, group_.shape});
      roles_.push_back(Role::unknown);
      declared_.push_back(false);
    }
    return static_cast<int>(number);
  }

  std::vector<int> value_list() {
    std::vector<int> list;
    cursor_.expect("(");
    while (!cursor_.accept(")")) {
      list.push_back(value());
      if (cursor_.accept(")")) break;
      cursor_.expect(",");
    }
    return list;
  }

  void declare() {
    const int number = value();
    if (declared_[number]) throw ArgumentError(text("value %", number, " is declared twice"));
    declared_[number] = true;
    auto& declared = group_.values[number];
    cursor_.expect(":");
    declared.type = cursor_.type();
    if (!cursor_.accept("=")) return;
    if (declared.type.elements() != 1) throw ArgumentError(text("constant %", number, " is no scalar"));
    declared.is_constant = true;
    roles_[number] = Role::constant;
    if (is_float(declared.type.dtype)) {
      declared.constant = cursor_.number();
    } else {
      declared.integer = cursor_.integer();
      declared.constant = static_cast<double>(declared.integer);
    }
  }

  void take_input(int number) {
    if (!declared_[number] || roles_[number] != Role::unknown) {
      throw ArgumentError(text("input %", number, " must be declared in the brackets, without a value, and read once"));
    }
    roles_[number] = Role::read;
  }

  void step() {
    const int number = value();
    if (declared_[number]) throw ArgumentError(text("value %", number, " is declared twice"));
    cursor_.expect(":");
    const TensorType type = cursor_.type();
    cursor_.expect("=");
    const OpDef& op = op_definition(cursor_.word());
    if (catalogue_row(op.id).cpu != Realization::tile) {
      throw ArgumentError(text(op.name(), " cannot stand in a fused node"));
    }
    TileGroup::Step made{op.id, {}, value_list(), number};
    std::vector<TensorType> inputs;
    for (int input : made.inputs) {
      if (roles_[input] == Role::unknown) throw ArgumentError(text("value %", input, " is read before it is made"));
      inputs.push_back(group_.values[input].type);
      const bool is_key = op.id == static_cast<int>(OpId::random_uniform);
      if (is_key && roles_[input] != Role::read) throw ArgumentError("the key of random_uniform must be an input");
      (is_key ? keys_ : operands_).push_back(input);
    }
    made.attributes = parse_attributes(cursor_, op.signature.schema(), op.name());
    const auto inferred = infer_types(op, inputs, made.attributes);
    if (inferred.size() != 1 || inferred[0] != type || !(type.shape == group_.shape)) {
      throw ArgumentError(text("value %", number, ": ", op.name(), " gives ", inferred.empty() ? type : inferred[0],
                               "; the text says ", type, " in a group of shape ", group_.shape));
    }
    declared_[number] = true;
    roles_[number] = Role::computed;
    group_.values[number].type = type;
    group_.steps.push_back(std::move(made));
  }

  void check() const {
    if (group_.steps.empty() || group_.outputs.empty()) throw ArgumentError("a fused node needs ops and outputs");
    for (int output : group_.outputs) {
      if (roles_[output] != Role::computed) throw ArgumentError(text("output %", output, " is not computed"));
    }
    for (int input : group_.inputs) {
      const bool key = std::count(keys_.begin(), keys_.end(), input) > 0;
      const bool operand = std::count(operands_.begin(), operands_.end(), input) > 0;
      if (key == operand) throw ArgumentError(text("input %", input, " must be read as a key or as an operand"));
    }
  }

  TextCursor& cursor_;
  TileGroup group_;
  std::vector<Role> roles_;
  std::vector<bool> declared_;
  std::vector<int> keys_, operands_;
};

}  // namespace

TileGroupPointer parse_tile_group(TextCursor& cursor) { return GroupParser(cursor).parse(); }

}  // namespace gradmill
