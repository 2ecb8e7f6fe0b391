#include "tensor/shape.h"

#include <algorithm>

#include "base/error.h"

namespace gradmill {

Shape::Shape(const std::vector<int64_t>& dims) {
  for (int64_t size : dims) append(size);
}

void Shape::append(int64_t size) {
  if (rank_ == max_rank) throw ShapeError(text("shape: at most ", max_rank, " axes are supported"));
  if (size < 0) throw ShapeError(text("shape: sizes must not be negative; received ", size));
  dims_[rank_++] = size;
  // Sizes in bytes must not overflow, and no machine holds this much. An axis of size zero does not excuse the others:
  // kernels multiply some sizes without the rest.
  constexpr __int128 largest = static_cast<__int128>(1) << 48;
  __int128 total = 1;
  for (int64_t each : *this) {
    total *= each > 0 ? each : 1;
    if (total > largest) throw ShapeError("shape: more than 2^48 elements; check the sizes");
  }
}

int64_t Shape::elements() const {
  int64_t total = 1;
  for (int64_t size : *this) total *= size;
  return total;
}

bool Shape::operator==(const Shape& other) const {
  return rank_ == other.rank_ && std::equal(begin(), end(), other.begin());
}

std::string to_string(const Shape& shape) {
  std::string result = "(";
  for (int i = 0; i < shape.rank(); ++i) result += (i ? ", " : "") + std::to_string(shape[i]);
  return result + (shape.rank() == 1 ? ",)" : ")");
}

std::ostream& operator<<(std::ostream& stream, const Shape& shape) { return stream << to_string(shape); }

int normalize_axis(int64_t axis, int rank, const char* who) {
  if (axis < -rank || axis >= rank) {
    throw ArgumentError(text(who, ": axis ", axis, " is out of range for a tensor of rank ", rank));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

std::vector<int> normalize_axes(const std::vector<int64_t>& axes, int rank, const char* who) {
  std::vector<int> result;
  for (int64_t axis : axes) result.push_back(normalize_axis(axis, rank, who));
  std::sort(result.begin(), result.end());
  if (std::adjacent_find(result.begin(), result.end()) != result.end()) {
    throw ArgumentError(text(who, ": an axis is named twice"));
  }
  return result;
}

Shape broadcast_shapes(const Shape& a, const Shape& b, const char* who) {
  const int rank = std::max(a.rank(), b.rank());
  Shape result;
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank()), ib = i - (rank - b.rank());
    const int64_t da = ia < 0 ? 1 : a[ia], db = ib < 0 ? 1 : b[ib];
    if (da != db && da != 1 && db != 1) {
      throw ShapeError(text(who, ": shapes ", a, " and ", b, " cannot be broadcast together (axis ", i - rank,
                            " has sizes ", da, " and ", db, ")"));
    }
    result.append(da == 1 ? db : da);
  }
  return result;
}

}  // namespace gradmill
