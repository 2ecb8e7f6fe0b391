// Names, types and texts of an op's inputs, outputs and attributes: from it come the Python function and the docs.
#pragma once

#include <string>
#include <vector>

#include "registry/attributes.h"

namespace gradmill {

struct Argument {
  std::string name, text;
};

class Signature {
 public:
  Signature(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {}

  Signature& input(std::string name, std::string text) { inputs_.push_back({name, text}); return *this; }
  // All inputs from here on are a list ("concat").
  Signature& inputs(std::string name, std::string text) { variadic_ = true; return input(name, text); }
  Signature& output(std::string name, std::string text) { outputs_.push_back({name, text}); return *this; }
  Signature& reference(std::string source) { reference_ = std::move(source); return *this; }

  template <class A, class T>
  Signature& attribute(std::string name, T A::*member, std::string text) {
    if (!schema_.defaults) {
      schema_.defaults = std::make_shared<const A>();
      schema_.copy = [](const void* from) -> std::shared_ptr<void> {
        return std::make_shared<A>(*static_cast<const A*>(from));
      };
    }
    schema_.fields.push_back({name, text,
        [member](const void* data) { return AttributeValue(static_cast<const A*>(data)->*member); },
        [member](void* data, const AttributeValue& value) { static_cast<A*>(data)->*member = std::get<T>(value); }});
    return *this;
  }

  const std::string& name() const { return name_; }
  const std::string& description() const { return text_; }
  const std::string& source() const { return reference_; }
  const std::vector<Argument>& input_list() const { return inputs_; }
  const std::vector<Argument>& output_list() const { return outputs_; }
  bool variadic() const { return variadic_; }
  const AttributeSchema& schema() const { return schema_; }

 private:
  std::string name_, text_, reference_;
  std::vector<Argument> inputs_, outputs_;
  bool variadic_ = false;
  AttributeSchema schema_;
};

}  // namespace gradmill
