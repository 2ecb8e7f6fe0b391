#include "ops/pooling/pooling_shapes.h"

#include "ops/shape/pad.h"

namespace gradmill {
namespace {

int64_t entry(const Ints& values, int i, int64_t otherwise) { return values.empty() ? otherwise : values[i]; }

int64_t window_count(const PoolingAttributes& a, int i, int64_t size) {
  const int64_t padded = size + entry(a.padding_low, i, 0) + entry(a.padding_high, i, 0);
  return (padded - a.window[i]) / entry(a.strides, i, 1) + 1;
}

}  // namespace

Shape pooled_shape(const InferScope& s, const Shape& x, const PoolingAttributes& a) {
  if (x.rank() < 3 || x.rank() > 5) {
    s.shape_error("x must have a batch axis, 1 to 3 spatial axes and channels; received shape ", x);
  }
  const size_t axes = x.rank() - 2;
  const auto check_count = [&](const char* name, const Ints& values, bool may_be_empty) {
    if (values.size() != axes && !(may_be_empty && values.empty())) {
      s.argument_error(name, " must have one entry for each of the ", axes, " spatial axes; received ", values.size());
    }
  };
  check_count("window", a.window, false);
  check_count("strides", a.strides, true);
  check_count("padding_low", a.padding_low, true);
  check_count("padding_high", a.padding_high, true);
  constexpr int64_t limit = int64_t{1} << 40;
  Shape result = x;
  for (int i = 0; i < static_cast<int>(axes); ++i) {
    const int64_t window = a.window[i], stride = entry(a.strides, i, 1), size = x[i + 1];
    const int64_t low = entry(a.padding_low, i, 0), high = entry(a.padding_high, i, 0);
    if (window < 1 || window > limit || stride < 1 || stride > limit) {
      s.argument_error("window and strides must be 1 to 2^40; spatial axis ", i, " received ", window, " and ", stride);
    }
    if (low < 0 || low >= window || high < 0 || high >= window) {
      s.argument_error("paddings must be 0 to ", window - 1, ", less than the window; spatial axis ", i, " received ",
                       low, " and ", high);
    }
    if (size == 0 || size + low + high < window) {
      s.shape_error("window ", window, " is larger than spatial axis ", i, " of x ", x, " with padding ", low, " and ",
                    high, "; use a smaller window or larger inputs");
    }
    result.set(i + 1, window_count(a, i, size));
  }
  return result;
}

Vars window_places(const Var& x, const PoolingAttributes& a, double border) {
  const Shape& shape = x.shape();
  const int rank = shape.rank(), axes = rank - 2;
  PadAttributes pad{Ints(rank, 0), Ints(rank, 0), border};
  Ints counts = shape.vector(), steps(rank, 1);
  int64_t places = 1;
  for (int i = 0; i < axes; ++i) {
    pad.before[i + 1] = entry(a.padding_low, i, 0);
    pad.after[i + 1] = entry(a.padding_high, i, 0);
    counts[i + 1] = window_count(a, i, shape[i + 1]);
    steps[i + 1] = entry(a.strides, i, 1);
    places *= a.window[i];
  }
  const Var padded = emit_one(op_definition(OpId::pad), {x}, Attributes::of(pad));
  Vars result;
  for (int64_t place = 0; place < places; ++place) {
    Ints starts(rank, 0);
    int64_t rest = place;
    for (int i = axes; i-- > 0;) {
      starts[i + 1] = rest % a.window[i];
      rest /= a.window[i];
    }
    result.push_back(slice(padded, starts, counts, steps));
  }
  return result;
}

}  // namespace gradmill
