#include "registry/attributes.h"

#include <charconv>

#include "base/error.h"
#include "registry/tile_group.h"

namespace gradmill {
namespace {

void combine(size_t& seed, size_t value) { seed ^= value + 0x9e3779b97f4a7c15ull + (seed << 6) + (seed >> 2); }

size_t hash_value(const AttributeValue& value) {
  size_t seed = value.index();
  if (auto ints = std::get_if<Ints>(&value)) {
    for (int64_t item : *ints) combine(seed, std::hash<int64_t>()(item));
  } else if (auto integer = std::get_if<int64_t>(&value)) {
    combine(seed, std::hash<int64_t>()(*integer));
  } else if (auto real = std::get_if<double>(&value)) {
    combine(seed, std::hash<double>()(*real));
  } else if (auto flag = std::get_if<bool>(&value)) {
    combine(seed, *flag);
  } else if (auto name = std::get_if<std::string>(&value)) {
    combine(seed, std::hash<std::string>()(*name));
  } else if (auto dtype = std::get_if<DType>(&value)) {
    combine(seed, static_cast<size_t>(*dtype));
  } else {
    combine(seed, std::hash<const void*>()(std::get<TileGroupPointer>(value).get()));
  }
  return seed;
}

}  // namespace

std::string number_text(double value) {
  char buffer[32];
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

std::string quoted(const std::string& words) {
  std::string result = "\"";
  for (char letter : words) {
    if (letter == '"' || letter == '\\') result += '\\';
    if (letter == '\n') {
      result += "\\n";
    } else {
      result += letter;
    }
  }
  return result + "\"";
}

std::string to_string(const AttributeValue& value) {
  if (auto ints = std::get_if<Ints>(&value)) {
    std::string result = "[";
    for (size_t i = 0; i < ints->size(); ++i) result += (i ? ", " : "") + std::to_string((*ints)[i]);
    return result + "]";
  }
  if (auto integer = std::get_if<int64_t>(&value)) return std::to_string(*integer);
  if (auto real = std::get_if<double>(&value)) return number_text(*real);
  if (auto flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (auto name = std::get_if<std::string>(&value)) return quoted(*name);
  if (auto dtype = std::get_if<DType>(&value)) return name_of(*dtype);
  const auto& group = std::get<TileGroupPointer>(value);
  return group ? listing(*group) : "none";
}

const AttributeField* AttributeSchema::find(const std::string& name) const {
  for (const auto& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

bool operator==(const Attributes& a, const Attributes& b) {
  if (a.data() == b.data()) return true;
  const AttributeSchema* schema = a.schema() ? a.schema() : b.schema();
  if (!schema || !a.data() || !b.data()) return false;
  for (const auto& field : schema->fields) {
    if (field.get(a.data()) != field.get(b.data())) return false;
  }
  return true;
}

size_t hash_of(const Attributes& attributes) {
  size_t seed = 0;
  if (attributes.schema()) {
    for (const auto& field : attributes.schema()->fields) combine(seed, hash_value(field.get(attributes.data())));
  }
  return seed;
}

std::string to_string(const Attributes& attributes) {
  std::string result;
  if (!attributes.schema()) return result;
  for (const auto& field : attributes.schema()->fields) {
    result += (result.empty() ? "" : ", ") + field.name + "=" + to_string(field.get(attributes.data()));
  }
  return result;
}

}  // namespace gradmill
