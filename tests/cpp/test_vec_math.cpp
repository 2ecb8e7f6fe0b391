// The vector functions against the C library in double: over floats of every exponent, and at the exceptions of
// IEEE 754. A unit is compiled for one instruction set and tests that one; test_tile_program.cpp runs the same
// functions through the kernels of every level that the machine has.
#include "doctest/doctest.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "cpu/simd/vec_angles.h"
#include "cpu/simd/vec_math.h"
#include "cpu/simd/vec_power.h"
#include "math/elementwise.h"

namespace level = gradmill::GM_ISA_NAMESPACE;
using level::Vec;

namespace {

const float inf = std::numeric_limits<float>::infinity();
const float nan_value = std::numeric_limits<float>::quiet_NaN();

// Floats between `low` and `high`, spread evenly over their bit patterns, so over exponents; both signs where asked.
std::vector<float> spread(float low, float high, bool both_signs, int count = 40000) {
  uint32_t first, last;
  std::memcpy(&first, &low, 4);
  std::memcpy(&last, &high, 4);
  std::vector<float> values;
  for (int i = 0; i < count; ++i) {
    const uint32_t bits = first + static_cast<uint32_t>(static_cast<uint64_t>(last - first) * i / (count - 1));
    float value;
    std::memcpy(&value, &bits, 4);
    values.push_back(value);
    if (both_signs) values.push_back(-value);
  }
  while (values.size() % 64) values.push_back(values.back());
  return values;
}

// The distance of `got` from the exact value in units of the last place of a float near it.
double ulp_error(float got, double exact) {
  const float rounded = static_cast<float>(exact);
  if (std::isnan(rounded) || std::isnan(got)) return std::isnan(rounded) && std::isnan(got) ? 0 : 1e30;
  if (std::isinf(rounded) || std::isinf(got)) {
    if (rounded == got) return 0;
    // One of both overflowed: close if the finite one is the largest float.
    const float finite = std::isinf(got) ? rounded : got;
    return std::fabs(finite) > 3.4028230e38f && std::signbit(rounded) == std::signbit(got) ? 1 : 1e30;
  }
  int exponent;
  std::frexp(exact, &exponent);
  const double unit = std::ldexp(1.0, std::max(exponent - 24, -149));
  return std::fabs(static_cast<double>(got) - exact) / unit;
}

template <class Function> std::vector<float> apply(const std::vector<float>& x, Function function) {
  std::vector<float> y(x.size());
  for (size_t i = 0; i < x.size(); i += level::vector_lanes) store(&y[i], function(level::load(&x[i])));
  return y;
}

template <class Function> float one(Function function, float x) {
  float lanes[16];
  store(lanes, function(Vec<float>(x)));
  return lanes[level::vector_lanes - 1];
}

template <class Function> float two(Function function, float x1, float x2) {
  float lanes[16];
  store(lanes, function(Vec<float>(x1), Vec<float>(x2)));
  return lanes[level::vector_lanes - 1];
}

bool same(float a, float b) {
  return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
}

}  // namespace

#define CHECK_FUNCTION(name, reference, low, high, both, limit)                                        \
  {                                                                                                    \
    auto function = [](Vec<float> v) { return level::functor::name::value(v); };                       \
    const std::vector<float> x = spread(low, high, both), y = apply(x, function);                      \
    double worst = 0;                                                                                  \
    float at = 0;                                                                                      \
    for (size_t i = 0; i < x.size(); ++i) {                                                            \
      const double error = ulp_error(y[i], reference(static_cast<double>(x[i])));                      \
      if (error > worst) worst = error, at = x[i];                                                     \
    }                                                                                                  \
    INFO(#name " at ", at, " gives ", one(function, at), ": ", worst, " ulp");                          \
    CHECK(worst <= limit);                                                                             \
    for (float special : {0.0f, -0.0f, inf, -inf, nan_value}) {                                        \
      const float got = one(function, special);                                                        \
      const float wanted = static_cast<float>(reference(static_cast<double>(special)));                \
      INFO(#name " of ", special, " gives ", got);                                                     \
      CHECK(same(got, wanted));                                                                        \
    }                                                                                                  \
  }

TEST_CASE("exponentials and logarithms") {
  CHECK_FUNCTION(exp, std::exp, 1e-30f, 110.0f, true, 1.5);
  CHECK_FUNCTION(expm1, std::expm1, 1e-30f, 110.0f, true, 2.5);
  CHECK_FUNCTION(log, std::log, 1e-45f, 3.4e38f, false, 1.5);
  CHECK_FUNCTION(log, std::log, 0.5f, 2.0f, false, 1.5);
  CHECK_FUNCTION(log2, std::log2, 1e-45f, 3.4e38f, false, 2.0);
  CHECK_FUNCTION(log2, std::log2, 0.5f, 2.0f, false, 2.0);
  CHECK_FUNCTION(log1p, std::log1p, 1e-38f, 3.4e38f, false, 2.5);
  CHECK_FUNCTION(log1p, std::log1p, 1e-30f, 0.9999999f, true, 2.5);
  CHECK_FUNCTION(tanh, std::tanh, 1e-30f, 100.0f, true, 3.0);
  CHECK_FUNCTION(cosh, std::cosh, 1e-30f, 100.0f, true, 2.5);
  CHECK_FUNCTION(sinh, std::sinh, 1e-30f, 100.0f, true, 3.0);
  CHECK_FUNCTION(asinh, std::asinh, 1e-30f, 3e38f, true, 3.5);
  CHECK_FUNCTION(acosh, std::acosh, 1.0f, 3e38f, false, 3.5);
  CHECK_FUNCTION(atanh, std::atanh, 1e-30f, 1.1f, true, 3.5);
  CHECK_FUNCTION(erf, std::erf, 1e-30f, 10.0f, true, 2.5);
  auto sigmoid = [](double x) { return 1.0 / (1.0 + std::exp(-x)); };
  CHECK_FUNCTION(sigmoid, sigmoid, 1e-30f, 87.0f, true, 2.0);
  for (float x : {-87.5f, -88.3f, -88.9f, -100.0f, -3e38f}) {  // denormal results may become 0
    const float got = one([](Vec<float> v) { return level::functor::sigmoid::value(v); }, x);
    CHECK(got >= 0.0f);
    CHECK(got == doctest::Approx(sigmoid(x)).epsilon(1e-6).scale(1e-30));
  }
  for (float x : {87.4f, 88.8f, 89.0f, 1000.0f, 3e38f}) CHECK(one([](Vec<float> v) { return level::functor::sigmoid::value(v); }, x) == 1.0f);
  auto softplus = [](double x) { return x > 40 || std::isnan(x) ? x : std::log1p(std::exp(x)); };
  CHECK_FUNCTION(softplus, softplus, 1e-30f, 100.0f, true, 3.5);
}

TEST_CASE("angles") {
  CHECK_FUNCTION(sin, std::sin, 1e-30f, 100.0f, true, 2.0);
  CHECK_FUNCTION(sin, std::sin, 100.0f, 3e38f, true, 2.0);
  CHECK_FUNCTION(cos, std::cos, 1e-30f, 100.0f, true, 2.0);
  CHECK_FUNCTION(cos, std::cos, 100.0f, 3e38f, true, 2.0);
  CHECK_FUNCTION(tan, std::tan, 1e-30f, 100.0f, true, 3.5);
  CHECK_FUNCTION(tan, std::tan, 100.0f, 3e38f, true, 3.5);
  CHECK_FUNCTION(asin, std::asin, 1e-30f, 1.1f, true, 2.5);
  CHECK_FUNCTION(acos, std::acos, 1e-30f, 1.1f, true, 2.5);
  CHECK_FUNCTION(atan, std::atan, 1e-30f, 3e38f, true, 3.0);
}

TEST_CASE("the inverse error function undoes the error function") {
  const std::vector<float> y = spread(1e-30f, 0.9999999f, true);
  const std::vector<float> x = apply(y, [](Vec<float> v) { return level::functor::erfinv::value(v); });
  double worst = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    // To first order the error of x is the error of erf(x) over the derivative.
    const double back = std::fabs(y[i]) < 0.5 ? std::erf(double(x[i])) - y[i]
                        : y[i] > 0 ? (1.0 - y[i]) - std::erfc(double(x[i]))
                                   : std::erfc(-double(x[i])) - (1.0 + y[i]);
    const double exact = x[i] - back / (1.1283791670955126 * std::exp(-double(x[i]) * x[i]));
    worst = std::fmax(worst, ulp_error(x[i], exact));
    CHECK(level::functor::erfinv::value(double(y[i])) == doctest::Approx(exact).epsilon(1e-9));
  }
  CHECK(worst <= 5.0);
  auto function = [](Vec<float> v) { return level::functor::erfinv::value(v); };
  CHECK(one(function, 1.0f) == inf);
  CHECK(one(function, -1.0f) == -inf);
  CHECK(std::isnan(one(function, 1.5f)));
  CHECK(std::isnan(one(function, nan_value)));
}

TEST_CASE("functions of two arguments") {
  const float values[] = {0.0f, -0.0f, 1.0f, -1.0f, 0.5f, -0.5f, 2.0f, -2.0f, 3.0f, -3.0f, 0.3f, -7.25f, 1e-40f,
                          -1e-40f, 1e30f, -1e30f, 16777217.0f, 123.456f, -99.9f, inf, -inf, nan_value};
  auto power = [](Vec<float> a, Vec<float> b) { return level::functor::power::value(a, b); };
  auto atan2 = [](Vec<float> a, Vec<float> b) { return level::functor::atan2::value(a, b); };
  auto modulo = [](Vec<float> a, Vec<float> b) { return level::functor::mod::value(a, b); };
  auto divide = [](Vec<float> a, Vec<float> b) { return level::functor::floor_divide::value(a, b); };
  auto maximum = [](Vec<float> a, Vec<float> b) { return level::functor::maximum::value(a, b); };
  for (float a : values)
    for (float b : values) {
      INFO(a, " and ", b, ": power ", two(power, a, b), " atan2 ", two(atan2, a, b), " mod ", two(modulo, a, b),
           " floor_divide ", two(divide, a, b));
      CHECK(ulp_error(two(power, a, b), std::pow(double(a), double(b))) <= 1.0);
      if (!std::isnan(two(power, a, b))) CHECK(std::signbit(two(power, a, b)) == std::signbit(std::pow(a, b)));
      CHECK(ulp_error(two(atan2, a, b), std::atan2(double(a), double(b))) <= 3.0);
      // Python's rules for finite numbers and divisors that are not zero.
      if (std::isfinite(a) && std::isfinite(b) && b != 0) {
        const double r = std::fmod(double(a), double(b));
        const double wanted = r != 0 && (r < 0) != (b < 0) ? r + b : r;
        CHECK(ulp_error(two(modulo, a, b), wanted) <= 0.5);
        CHECK(ulp_error(two(divide, a, b), std::floor((double(a) - wanted) / b + 0.5)) <= 0.5);
      }
      const float larger = std::isnan(a) || std::isnan(b) ? nan_value : std::fmax(a, b);
      CHECK((std::isnan(larger) ? std::isnan(two(maximum, a, b)) : two(maximum, a, b) == larger));
    }
  double worst = 0;
  const std::vector<float> bases = spread(1e-4f, 1e4f, false, 400), exponents = spread(1e-3f, 9.0f, true, 200);
  for (float a : bases)
    for (float b : exponents) worst = std::fmax(worst, ulp_error(two(power, a, b), std::pow(double(a), double(b))));
  CHECK(worst <= 1.0);
}
