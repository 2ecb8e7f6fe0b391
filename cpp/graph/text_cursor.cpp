#include "graph/text_cursor.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/error.h"
#include "base/nearest.h"

namespace gradmill {

void TextCursor::skip_spaces() {
  while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t' || line_[at_] == '\r')) ++at_;
}

void TextCursor::fail(const std::string& expected) const {
  const std::string rest = line_.substr(std::min(at_, line_.size()), 40);
  throw ArgumentError(text("expected ", expected, "; received ", rest.empty() ? "the end of the line" : quoted(rest)));
}

bool TextCursor::at_end() {
  skip_spaces();
  return at_ >= line_.size();
}

bool TextCursor::accept(const std::string& symbol) {
  skip_spaces();
  if (line_.compare(at_, symbol.size(), symbol) != 0) return false;
  at_ += symbol.size();
  return true;
}

void TextCursor::expect(const std::string& symbol) {
  if (!accept(symbol)) fail("'" + symbol + "'");
}

std::string TextCursor::word() {
  skip_spaces();
  const size_t start = at_;
  while (at_ < line_.size() && (std::isalnum(static_cast<unsigned char>(line_[at_])) || line_[at_] == '_')) ++at_;
  if (at_ == start) fail("a name");
  return line_.substr(start, at_ - start);
}

int64_t TextCursor::integer() {
  skip_spaces();
  int64_t value = 0;
  const char* const first = line_.data() + at_;
  const auto result = std::from_chars(first, line_.data() + line_.size(), value);
  if (result.ec != std::errc()) fail("a whole number of 64 bits");
  at_ += static_cast<size_t>(result.ptr - first);
  return value;
}

double TextCursor::number() {
  skip_spaces();
  double value = 0;
  const char* const first = line_.data() + at_;
  const auto result = std::from_chars(first, line_.data() + line_.size(), value);
  if (result.ec != std::errc()) fail("a number");
  at_ += static_cast<size_t>(result.ptr - first);
  return value;
}

std::string TextCursor::quoted_words() {
  expect("\"");
  std::string words;
  while (at_ < line_.size() && line_[at_] != '"') {
    if (line_[at_] == '\\' && at_ + 1 < line_.size()) {
      ++at_;
      words += line_[at_] == 'n' ? '\n' : line_[at_];
    } else {
      words += line_[at_];
    }
    ++at_;
  }
  if (at_ >= line_.size()) fail("a closing quote");
  ++at_;
  return words;
}

Shape TextCursor::shape() {
  Shape result;
  expect("(");
  while (!accept(")")) {
    result.append(integer());
    if (accept(")")) break;
    expect(",");
  }
  return result;
}

TensorType TextCursor::type() {
  const DType dtype = dtype_from_name(word());
  return {dtype, shape()};
}

AttributeValue parse_attribute(TextCursor& cursor, const AttributeValue& like) {
  if (std::holds_alternative<int64_t>(like)) return cursor.integer();
  if (std::holds_alternative<double>(like)) return cursor.number();
  if (std::holds_alternative<std::string>(like)) return cursor.quoted_words();
  if (std::holds_alternative<DType>(like)) return dtype_from_name(cursor.word());
  if (std::holds_alternative<bool>(like)) {
    if (cursor.accept("true")) return true;
    cursor.expect("false");
    return false;
  }
  if (std::holds_alternative<Ints>(like)) {
    Ints values;
    cursor.expect("[");
    while (!cursor.accept("]")) {
      values.push_back(cursor.integer());
      if (cursor.accept("]")) break;
      cursor.expect(",");
    }
    return values;
  }
  return cursor.accept("none") ? TileGroupPointer() : parse_tile_group(cursor);
}

Attributes parse_attributes(TextCursor& cursor, const AttributeSchema& schema, const std::string& op) {
  if (!cursor.accept("{")) return Attributes(&schema, schema.defaults);
  if (!schema.copy) throw ArgumentError(op + " has no attributes");
  const std::shared_ptr<void> data = schema.copy(schema.defaults.get());
  while (!cursor.accept("}")) {
    const std::string name = cursor.word();
    const AttributeField* field = schema.find(name);
    if (!field) {
      std::vector<std::string> known;
      for (const auto& candidate : schema.fields) known.push_back(candidate.name);
      throw ArgumentError(text(op, " has no attribute '", name, "'", did_you_mean(name, known)));
    }
    cursor.expect("=");
    field->set(data.get(), parse_attribute(cursor, field->get(data.get())));
    if (cursor.accept("}")) break;
    cursor.expect(",");
  }
  return Attributes(&schema, data);
}

}  // namespace gradmill
