// The attributes of one call of an op: a plain struct of the op's own, held behind a schema that can read and write its
// fields by name. Defaults live in the struct alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "tensor/tensor.h"

namespace gradmill {

struct TileGroup;
using TileGroupPointer = std::shared_ptr<const TileGroup>;
using Ints = std::vector<int64_t>;

using AttributeValue = std::variant<int64_t, double, bool, std::string, Ints, DType, TileGroupPointer>;
// Reads back as the same value; see graph/parse_text.h.
std::string to_string(const AttributeValue& value);
std::string number_text(double value);  // the shortest text that reads back as the same number
std::string quoted(const std::string& words);  // "like \"this\"", on one line

struct AttributeField {
  std::string name, text;
  std::function<AttributeValue(const void*)> get;
  std::function<void(void*, const AttributeValue&)> set;
};

// What the signature of an op knows about its attribute struct.
struct AttributeSchema {
  std::vector<AttributeField> fields;
  std::shared_ptr<const void> defaults;  // a default-constructed struct
  std::function<std::shared_ptr<void>(const void*)> copy;

  const AttributeField* find(const std::string& name) const;
};

// Immutable once made; cheap to copy.
class Attributes {
 public:
  Attributes() = default;
  Attributes(const AttributeSchema* schema, std::shared_ptr<const void> data)
      : schema_(schema), data_(std::move(data)) {}
  template <class A>
  static Attributes of(A value) { return Attributes(nullptr, std::make_shared<const A>(std::move(value))); }

  const void* data() const { return data_.get(); }
  template <class A>
  const A& as() const { return *static_cast<const A*>(data_.get()); }
  // The same struct, described by a schema (needed for printing and comparing).
  Attributes with_schema(const AttributeSchema* schema) const { return Attributes(schema, data_); }
  const AttributeSchema* schema() const { return schema_; }

 private:
  const AttributeSchema* schema_ = nullptr;
  std::shared_ptr<const void> data_;
};

bool operator==(const Attributes& a, const Attributes& b);
size_t hash_of(const Attributes& attributes);
std::string to_string(const Attributes& attributes);  // "axis=-1, keepdims=true", empty without attributes

}  // namespace gradmill
