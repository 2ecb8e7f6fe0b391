#include "graph/parse_text.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "graph/graph_emitter.h"
#include "graph/text_cursor.h"
#include "registry/half_form.h"
#include "registry/registry.h"
#include "tensor/half.h"

namespace gradmill {
namespace {

// States are allocated, so a text must not name sizes beyond this many elements together.
constexpr int64_t largest_memory = int64_t{1} << 24;

template <class T>
T checked_integer(TextCursor& cursor) {
  const int64_t value = cursor.integer();
  if (value < static_cast<int64_t>(std::numeric_limits<T>::min()) ||
      value > static_cast<int64_t>(std::numeric_limits<T>::max())) {
    throw ArgumentError(text(value, " does not fit into the dtype of the constant"));
  }
  return static_cast<T>(value);
}

void read_element(TextCursor& cursor, const Tensor& tensor, int64_t i) {
  switch (tensor.type.dtype) {
    case DType::float32: tensor.data<float>()[i] = static_cast<float>(cursor.number()); return;
    case DType::float64: tensor.data<double>()[i] = cursor.number(); return;
    case DType::bfloat16: tensor.data<uint16_t>()[i] = float_to_bfloat16(static_cast<float>(cursor.number())); return;
    case DType::float16: tensor.data<uint16_t>()[i] = float_to_float16(static_cast<float>(cursor.number())); return;
    case DType::int8: tensor.data<int8_t>()[i] = checked_integer<int8_t>(cursor); return;
    case DType::int16: tensor.data<int16_t>()[i] = checked_integer<int16_t>(cursor); return;
    case DType::int32: tensor.data<int32_t>()[i] = checked_integer<int32_t>(cursor); return;
    case DType::int64: tensor.data<int64_t>()[i] = cursor.integer(); return;
    case DType::uint8: tensor.data<uint8_t>()[i] = checked_integer<uint8_t>(cursor); return;
    case DType::uint16: tensor.data<uint16_t>()[i] = checked_integer<uint16_t>(cursor); return;
    case DType::uint32: tensor.data<uint32_t>()[i] = checked_integer<uint32_t>(cursor); return;
    case DType::boolean:
      tensor.data<uint8_t>()[i] = std::get<bool>(parse_attribute(cursor, AttributeValue(false)));
      return;
  }
}

class Parser {
 public:
  Parser() : graph_(std::make_unique<Graph>()), emitter_(*graph_) {}

  void line(const std::string& line) {
    TextCursor cursor(line);
    if (cursor.at_end() || cursor.accept("#")) return;
    const std::string first = cursor.word();
    if (first == "return") {
      graph_->outputs.push_back(known(cursor.word()));
      end(cursor);
    } else if (cursor.accept(":=")) {
      update(first, cursor);
    } else {
      definition(first, cursor);
    }
  }

  std::unique_ptr<Graph> finish() {
    verify(*graph_);
    return std::move(graph_);
  }

 private:
  struct Result {
    std::string name;
    bool typed = false;
    TensorType type;
  };

  const ValuePointer& known(const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) throw ArgumentError(text("'", name, "' is not defined above"));
    return found->second;
  }

  void define(const std::string& name, ValuePointer value) {
    if (name == "return") throw ArgumentError("'return' cannot be a name");
    if (!values_.emplace(name, std::move(value)).second) throw ArgumentError(text("'", name, "' is defined twice"));
  }

  static void end(TextCursor& cursor) {
    if (!cursor.at_end()) cursor.fail("the end of the line");
  }

  void take_memory(const TensorType& type) {
    memory_ += type.elements();
    if (memory_ > largest_memory) {
      throw ArgumentError(text("states and constants of more than ", largest_memory, " elements"));
    }
  }

  void update(const std::string& name, TextCursor& cursor) {
    const ValuePointer state = known(name), value = known(cursor.word());
    end(cursor);
    if (state->kind != ValueKind::state) throw ArgumentError(text("'", name, "' is not a state"));
    if (state->type != value->type) {
      throw ArgumentError(text("state '", name, "' of type ", state->type, " is updated with ", value->type));
    }
    for (const auto& other : graph_->updates) {
      if (other.state == state->index) throw ArgumentError(text("state '", name, "' is updated twice"));
    }
    graph_->updates.push_back({state->index, value});
  }

  void definition(const std::string& first, TextCursor& cursor) {
    std::vector<Result> results(1);
    results[0].name = first;
    if (cursor.accept(":")) {
      if (cursor.accept("input ")) return input(first, cursor);
      if (cursor.accept("state ")) return state(first, cursor);
      if (cursor.accept("constant ")) return constant(first, cursor);
      results[0].type = cursor.type();
      results[0].typed = true;
    }
    while (cursor.accept(",")) {
      Result result;
      result.name = cursor.word();
      result.typed = cursor.accept(":");
      if (result.typed) result.type = cursor.type();
      results.push_back(result);
    }
    cursor.expect("=");
    node(results, cursor);
  }

  void input(const std::string& name, TextCursor& cursor) {
    define(name, graph_->add_input(cursor.type()));
    end(cursor);
  }

  void state(const std::string& name, TextCursor& cursor) {
    const TensorType type = cursor.type();
    take_memory(type);
    const std::string label = cursor.at_end() ? name : cursor.quoted_words();
    end(cursor);
    Tensor zeros = Tensor::empty(type);
    std::fill_n(zeros.data<char>(), type.bytes(), 0);
    define(name, graph_->add_state(std::make_shared<Variable>(std::move(zeros), label, true)));
  }

  void constant(const std::string& name, TextCursor& cursor) {
    const TensorType type = cursor.type();
    take_memory(type);
    const Tensor tensor = Tensor::empty(type);
    if (type.shape.rank() == 0) {
      read_element(cursor, tensor, 0);
    } else {
      cursor.expect("[");
      for (int64_t i = 0; i < type.elements(); ++i) {
        if (i > 0) cursor.expect(",");
        read_element(cursor, tensor, i);
      }
      cursor.expect("]");
    }
    end(cursor);
    define(name, graph_->add_constant(tensor));
  }

  void node(const std::vector<Result>& results, TextCursor& cursor) {
    const OpDef& op = op_definition(cursor.word());
    std::vector<ValuePointer> inputs;
    cursor.expect("(");
    while (!cursor.accept(")")) {
      inputs.push_back(known(cursor.word()));
      if (cursor.accept(")")) break;
      cursor.expect(",");
    }
    const Attributes attributes = parse_attributes(cursor, op.signature.schema(), op.name());
    int64_t chain = -1;
    if (cursor.accept("in")) {
      cursor.expect("chain");
      chain = cursor.integer();
      if (chain < 0 || chain > INT32_MAX) cursor.fail("the number of a chain");
    }
    const std::string scope = cursor.accept("#") ? cursor.quoted_words() : "";
    end(cursor);
    const TileGroupPointer group = group_of(attributes);
    const size_t before = graph_->nodes.size();
    const Vars outputs = group ? fused(op, *group, attributes, inputs) : emitted(op, attributes, inputs);
    for (size_t i = before; i < graph_->nodes.size(); ++i) {
      graph_->nodes[i]->scope = scope;
      graph_->nodes[i]->chain = static_cast<int>(chain);
    }
    if (outputs.size() != results.size()) {
      throw ArgumentError(text(op.name(), " has ", outputs.size(), " outputs; the text names ", results.size()));
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (results[i].typed && results[i].type != outputs[i].type()) {
        throw ArgumentError(text(op.name(), " gives ", outputs[i].type(), "; the text says ", results[i].type));
      }
      define(results[i].name, emitter_.lift(outputs[i]));
    }
  }

  static TileGroupPointer group_of(const Attributes& attributes) {
    for (const auto& field : attributes.schema()->fields) {
      const AttributeValue value = field.get(attributes.data());
      if (std::holds_alternative<TileGroupPointer>(value)) return std::get<TileGroupPointer>(value);
    }
    return nullptr;
  }

  static Attributes without_group(const Attributes& attributes) {
    const std::shared_ptr<void> data = attributes.schema()->copy(attributes.data());
    for (const auto& field : attributes.schema()->fields) {
      if (std::holds_alternative<TileGroupPointer>(field.get(data.get()))) field.set(data.get(), TileGroupPointer());
    }
    return Attributes(attributes.schema(), data);
  }

  // Inputs are converted as in any trace, so a hand-written graph is as sound as a recorded one.
  Vars emitted(const OpDef& op, const Attributes& attributes, const std::vector<ValuePointer>& inputs) {
    if (op.id == static_cast<int>(OpId::fused_tile)) throw ArgumentError("fused_tile: expected the attribute group");
    Vars vars;
    std::vector<TensorType> types;
    for (const auto& input : inputs) {
      vars.emplace_back(input);
      types.push_back(input->type);
    }
    if (inputs.empty()) infer_types(op, types, attributes);  // says how many inputs are missing
    const RecordingPause no_tapes;
    const EmitterScope here(&emitter_);
    // What the passes read_halves and round_in_products have made is taken as it stands.
    const HalfForm* form = half_form(op);
    const bool narrow = form && inputs.size() > form->inputs.back() && is_half(types[form->inputs[0]].dtype);
    const AttributeField* rounding = attributes.schema()->find("rounds_b");
    const bool rounds = rounding && std::get<bool>(rounding->get(attributes.data())) && is_half(types[0].dtype);
    return narrow || rounds ? emitter_.emit(op, vars, attributes) : emit(op, vars, attributes);
  }

  // The operands of an epilogue are the product and the node's inputs after the factors.
  Vars fused(const OpDef& op, const TileGroup& group, const Attributes& attributes,
             const std::vector<ValuePointer>& inputs) {
    std::vector<TensorType> operands, types;
    for (const auto& input : inputs) types.push_back(input->type);
    operands = types;
    if (op.id == static_cast<int>(OpId::matmul)) {
      const long count = std::min<long>(2, static_cast<long>(types.size()));
      const std::vector<TensorType> factors(types.begin(), types.begin() + count);
      TensorType product = infer_types(op, factors, without_group(attributes))[0];
      if (factors[0].dtype != factors[1].dtype || !is_float(product.dtype)) {
        throw ArgumentError("matmul: an epilogue needs two factors of one floating-point type");
      }
      product.dtype = arithmetic_type(product.dtype);
      if (!(group.shape == product.shape)) {
        throw ArgumentError(text("matmul: the epilogue must have the shape ", product.shape));
      }
      operands.assign(types.begin() + 2, types.end());
      operands.insert(operands.begin(), product);
    }
    if (operands.size() != group.inputs.size()) {
      throw ArgumentError(text(op.name(), ": the group reads ", group.inputs.size(), " values; the node gives ",
                               operands.size()));
    }
    for (size_t i = 0; i < operands.size(); ++i) {
      const TensorType& wanted = group.values[group.inputs[i]].type;
      if (wanted == operands[i]) continue;
      throw ArgumentError(text(op.name(), ": the group reads ", wanted, "; the node gives ", operands[i]));
    }
    Node* made = graph_->add_node(op, attributes, inputs, infer_types(op, types, attributes), "");
    Vars outputs;
    for (const auto& output : made->outputs) outputs.emplace_back(output);
    return outputs;
  }

  std::unique_ptr<Graph> graph_;
  GraphEmitter emitter_;
  std::unordered_map<std::string, ValuePointer> values_;
  int64_t memory_ = 0;
};

}  // namespace

std::unique_ptr<Graph> parse_graph(const std::string& listing) {
  Parser parser;
  std::istringstream lines(listing);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    try {
      parser.line(line);
    } catch (const Error& error) {
      throw ArgumentError(text("graph text, line ", number, ": ", error.what()));
    }
  }
  return parser.finish();
}

}  // namespace gradmill
