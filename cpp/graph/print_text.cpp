// A graph as text; parse_text.h describes the form.
#include <charconv>

#include "graph/graph.h"
#include "tensor/half.h"

namespace gradmill {
namespace {

constexpr int64_t always_shown = 16;  // elements of a constant

std::string short_float(float value) {
  char buffer[32];
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

std::string element_text(const Tensor& tensor, int64_t i) {
  switch (tensor.type.dtype) {
    case DType::float32: return short_float(tensor.data<float>()[i]);
    case DType::float64: return number_text(tensor.data<double>()[i]);
    case DType::bfloat16: return short_float(bfloat16_to_float(tensor.data<uint16_t>()[i]));
    case DType::float16: return short_float(float16_to_float(tensor.data<uint16_t>()[i]));
    case DType::int8: return std::to_string(tensor.data<int8_t>()[i]);
    case DType::int16: return std::to_string(tensor.data<int16_t>()[i]);
    case DType::int32: return std::to_string(tensor.data<int32_t>()[i]);
    case DType::int64: return std::to_string(tensor.data<int64_t>()[i]);
    case DType::uint8: return std::to_string(tensor.data<uint8_t>()[i]);
    case DType::uint16: return std::to_string(tensor.data<uint16_t>()[i]);
    case DType::uint32: return std::to_string(tensor.data<uint32_t>()[i]);
    case DType::boolean: return tensor.data<uint8_t>()[i] ? "true" : "false";
  }
  return "";
}

std::string values_text(const Tensor& tensor, bool all) {
  const int64_t count = tensor.type.elements();
  if (tensor.type.shape.rank() == 0) return " " + element_text(tensor, 0);
  if (count > always_shown && !all) return " [...]";
  std::string values;
  for (int64_t i = 0; i < count; ++i) values += (i ? ", " : "") + element_text(tensor, i);
  return " [" + values + "]";
}

}  // namespace

std::string to_string(const Graph& graph, bool all_constants) {
  std::unordered_map<const Value*, std::string> names;
  std::string result;
  for (const auto& input : graph.inputs) {
    names[input.get()] = text("in", input->index);
    result += text(names[input.get()], ": input ", input->type, "\n");
  }
  for (const auto& state : graph.states) {
    names[state.get()] = text("s", state->index);
    result += text(names[state.get()], ": state ", state->type, " ", quoted(graph.variables[state->index]->name()),
                   "\n");
  }
  int constants = 0, results = 0;
  const auto name = [&](const ValuePointer& value) {
    auto& known = names[value.get()];
    if (known.empty() && value->kind == ValueKind::constant) {
      known = text("c", constants++);
      result += text(known, ": constant ", value->type, values_text(value->constant, all_constants), "\n");
    }
    return known.empty() ? std::string("undefined") : known;
  };
  for (const auto& node : graph.nodes) {
    std::string inputs, outputs;
    for (const auto& input : node->inputs) inputs += (inputs.empty() ? "" : ", ") + name(input);
    for (const auto& output : node->outputs) {
      names[output.get()] = text("v", results++);
      outputs += text(outputs.empty() ? "" : ", ", names[output.get()], ": ", output->type);
    }
    const std::string attributes = to_string(node->attributes);
    result += text(outputs, " = ", node->op->name(), "(", inputs, ")", attributes.empty() ? "" : " {" + attributes + "}",
                   node->chain < 0 ? "" : text(" in chain ", node->chain),
                   node->scope.empty() ? "" : "  # " + quoted(node->scope), "\n");
  }
  for (const auto& update : graph.updates) {
    const std::string value = name(update.value);  // may add the line of a constant first
    result += text("s", update.state, " := ", value, "\n");
  }
  for (const auto& output : graph.outputs) {
    const std::string value = name(output);
    result += text("return ", value, "\n");
  }
  return result;
}

}  // namespace gradmill
