// Sizes of a dense row-major tensor. Rank is limited, so a shape never allocates.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace gradmill {

constexpr int max_rank = 8;

class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : Shape(std::vector<int64_t>(dims)) {}
  // Throws ShapeError for a negative size, too many axes, or more elements than 2^48.
  explicit Shape(const std::vector<int64_t>& dims);

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return dims_[axis]; }
  const int64_t* data() const { return dims_.data(); }
  const int64_t* begin() const { return dims_.data(); }
  const int64_t* end() const { return dims_.data() + rank_; }
  int64_t elements() const;
  int64_t back() const { return dims_[rank_ - 1]; }

  void set(int axis, int64_t size) { dims_[axis] = size; }
  void append(int64_t size);
  std::vector<int64_t> vector() const { return std::vector<int64_t>(begin(), end()); }

  bool operator==(const Shape& other) const;
  bool operator!=(const Shape& other) const { return !(*this == other); }

 private:
  std::array<int64_t, max_rank> dims_{};
  int rank_ = 0;
};

std::string to_string(const Shape& shape);  // "(2, 3)", "(4,)", "()"
std::ostream& operator<<(std::ostream& stream, const Shape& shape);

// The axis counted from the front; throws ArgumentError naming `who` when it is out of range.
int normalize_axis(int64_t axis, int rank, const char* who);

// Sorted, unique, non-negative axes. Throws ArgumentError for repeated or out-of-range ones.
std::vector<int> normalize_axes(const std::vector<int64_t>& axes, int rank, const char* who);

// NumPy's broadcasting rule; throws ShapeError naming `who` and both shapes.
Shape broadcast_shapes(const Shape& a, const Shape& b, const char* who);

}  // namespace gradmill
