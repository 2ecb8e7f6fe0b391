// The exceptions that cross into Python, and one way to write their text.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace gradmill {

// Concatenates anything printable: text("axis ", axis, " is out of range").
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

// Base of all errors caused by what the user passed in; a ValueError in Python.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class ArgumentError : public Error {
 public:
  using Error::Error;
};

class ShapeError : public Error {
 public:
  using Error::Error;
};

class DTypeError : public Error {
 public:
  using Error::Error;
};

class UnsupportedError : public Error {
 public:
  using Error::Error;
};

// A result that the NaN check refused; a FloatingPointError in Python.
class NonFiniteError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Our own bug: a state that no user input should reach; a RuntimeError in Python.
class InternalError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace gradmill
