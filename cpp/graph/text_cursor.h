// Reads one line of a graph's text from left to right.
#pragma once

#include <string>

#include "registry/tile_group.h"

namespace gradmill {

class TextCursor {
 public:
  explicit TextCursor(const std::string& line) : line_(line) {}

  bool at_end();
  bool accept(const std::string& symbol);  // true, and behind it, if it stands here
  void expect(const std::string& symbol);  // throws ArgumentError unless it stands here
  std::string word();                      // letters, digits and _; throws when there is none
  int64_t integer();
  double number();                         // also nan, inf and -inf
  std::string quoted_words();
  TensorType type();                       // float32(4, 3)
  Shape shape();                           // (4, 3)
  [[noreturn]] void fail(const std::string& expected) const;

 private:
  void skip_spaces();
  const std::string& line_;
  size_t at_ = 0;
};

// The value of an attribute; `like` gives its kind.
AttributeValue parse_attribute(TextCursor& cursor, const AttributeValue& like);
// "{axis=-1, keepdims=true}" or nothing.
Attributes parse_attributes(TextCursor& cursor, const AttributeSchema& schema, const std::string& op);
// What `listing` wrote. Everything is checked: which values exist, which ops may stand in a group, their types.
TileGroupPointer parse_tile_group(TextCursor& cursor);

}  // namespace gradmill
