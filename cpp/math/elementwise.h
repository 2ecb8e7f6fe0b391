#pragma once
// Every elementwise operation as one functor: text, kinds of numbers, value, and the derivative beside it. Nothing else
// in the project states these formulas; the list of names is math/elementwise.def.
//
// value<V>     V is Vec<float> (cpu/simd/vec.h) or a scalar double, int32_t or int64_t. Comparisons and logical
//              functions give 1 or 0 in V. Integer division by zero gives 0, and no argument traps.
// gradient<V>  V is the graph type `Var` only. It offers + - * / with a number on either side, unary -, and every name
//              of elementwise.def as a function found by argument-dependent lookup, in which an argument beside a Var
//              may be a plain number (`greater(x, 0.0)`, `where(condition, dy, 0.0)`). Broadcast axes are summed by
//              the caller. gradient0, gradient1, gradient2 belong to the first, second and third argument.
#include "math/scalar_math.h"

namespace gradmill::GM_ISA_NAMESPACE {

// The structures are called x_formula, because a structure `exp` would hide the functions `exp` that formulas call.
namespace formula {

// `floats` and `integers` say which compute types have the operation; `brief`, that its value takes a handful of
// instructions.
struct FloatFunction {
  static constexpr bool floats = true, integers = false, result_is_bool = false, differentiable = true, brief = false;
};
struct NumberFunction : FloatFunction {
  static constexpr bool integers = true, brief = true;
};
struct FloatStep : FloatFunction {
  static constexpr bool differentiable = false, brief = true;
};
struct NumberStep : NumberFunction {
  static constexpr bool differentiable = false;
};
struct FloatTest : FloatStep {
  static constexpr bool result_is_bool = true;
};
struct NumberTest : NumberStep {
  static constexpr bool result_is_bool = true;
};
struct BitFunction : NumberStep {  // of a bool, use the logical function: the compute type of bool is int32
  static constexpr bool floats = false;
};

// One argument.

struct neg_formula : NumberFunction {
  static constexpr const char* text = "The negative, -x.";
  template <class V> static V value(V x) { return negate(x); }
  template <class V> static V gradient(const V& dy, const V&, const V&) { return -dy; }
};

struct abs_formula : NumberFunction {
  static constexpr const char* text = "The absolute value.";
  template <class V> static V value(V x) { return absolute(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy * sign(x); }
};

struct sign_formula : NumberStep {
  static constexpr const char* text = "-1, 0 or 1: the sign; NaN stays NaN.";
  template <class V> static V value(V x) {
    return select(x > V(0), V(1), select(x < V(0), V(-1), select(x == V(0), V(0), x)));
  }
};

struct exp_formula : FloatFunction {
  static constexpr const char* text = "The exponential, e to the power x.";
  template <class V> static V value(V x) { return exp(x); }
  template <class V> static V gradient(const V& dy, const V&, const V& y) { return dy * y; }
};

struct expm1_formula : FloatFunction {
  static constexpr const char* text = "exp(x) - 1, exact near zero.";
  template <class V> static V value(V x) { return expm1(x); }
  template <class V> static V gradient(const V& dy, const V&, const V& y) { return dy * (y + 1.0); }
};

struct log_formula : FloatFunction {
  static constexpr const char* text = "The natural logarithm; -inf at 0 and NaN below.";
  template <class V> static V value(V x) { return log(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy / x; }
};

struct log1p_formula : FloatFunction {
  static constexpr const char* text = "log(1 + x), exact near zero.";
  template <class V> static V value(V x) { return log1p(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy / (x + 1.0); }
};

struct log2_formula : FloatFunction {
  static constexpr const char* text = "The logarithm to base 2.";
  template <class V> static V value(V x) { return log2(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy / (x * 0.69314718055994531); }
};

struct sqrt_formula : FloatFunction {
  static constexpr const char* text = "The square root; NaN below 0.";
  template <class V> static V value(V x) { return sqrt(x); }
  template <class V> static V gradient(const V& dy, const V&, const V& y) { return dy * 0.5 / y; }
};

struct rsqrt_formula : FloatFunction {
  static constexpr const char* text = "One over the square root.";
  template <class V> static V value(V x) { return V(1) / sqrt(x); }
  template <class V> static V gradient(const V& dy, const V&, const V& y) { return dy * -0.5 * (y * y * y); }
};

struct square_formula : NumberFunction {
  static constexpr const char* text = "The square, x * x.";
  template <class V> static V value(V x) { return multiply(x, x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy * 2.0 * x; }
};

struct reciprocal_formula : FloatFunction {
  static constexpr const char* text = "One over x.";
  template <class V> static V value(V x) { return V(1) / x; }
  template <class V> static V gradient(const V& dy, const V&, const V& y) { return -dy * (y * y); }
};

struct sin_formula : FloatFunction {
  static constexpr const char* text = "The sine of an angle in radians.";
  template <class V> static V value(V x) { return sin(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy * cos(x); }
};

struct cos_formula : FloatFunction {
  static constexpr const char* text = "The cosine of an angle in radians.";
  template <class V> static V value(V x) { return cos(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return -dy * sin(x); }
};

struct tan_formula : FloatFunction {
  static constexpr const char* text = "The tangent of an angle in radians.";
  template <class V> static V value(V x) { return tan(x); }
  template <class V> static V gradient(const V& dy, const V&, const V& y) { return dy * (y * y + 1.0); }
};

struct asin_formula : FloatFunction {
  static constexpr const char* text = "The inverse sine, in [-pi/2, pi/2].";
  template <class V> static V value(V x) { return asin(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy * rsqrt((1.0 - x) * (x + 1.0)); }
};

struct acos_formula : FloatFunction {
  static constexpr const char* text = "The inverse cosine, in [0, pi].";
  template <class V> static V value(V x) { return acos(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return -dy * rsqrt((1.0 - x) * (x + 1.0)); }
};

struct atan_formula : FloatFunction {
  static constexpr const char* text = "The inverse tangent, in [-pi/2, pi/2].";
  template <class V> static V value(V x) { return atan(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy / (x * x + 1.0); }
};

struct sinh_formula : FloatFunction {
  static constexpr const char* text = "The hyperbolic sine.";
  template <class V> static V value(V x) { return sinh(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy * cosh(x); }
};

struct cosh_formula : FloatFunction {
  static constexpr const char* text = "The hyperbolic cosine.";
  template <class V> static V value(V x) { return cosh(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy * sinh(x); }
};

struct tanh_formula : FloatFunction {
  static constexpr const char* text = "The hyperbolic tangent.";
  template <class V> static V value(V x) { return tanh(x); }
  template <class V> static V gradient(const V& dy, const V&, const V& y) { return dy * (1.0 - y * y); }
};

struct asinh_formula : FloatFunction {
  static constexpr const char* text = "The inverse hyperbolic sine.";
  template <class V> static V value(V x) { return asinh(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy * rsqrt(x * x + 1.0); }
};

struct acosh_formula : FloatFunction {
  static constexpr const char* text = "The inverse hyperbolic cosine; NaN below 1.";
  template <class V> static V value(V x) { return acosh(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy * rsqrt((x - 1.0) * (x + 1.0)); }
};

struct atanh_formula : FloatFunction {
  static constexpr const char* text = "The inverse hyperbolic tangent; NaN outside [-1, 1].";
  template <class V> static V value(V x) { return atanh(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy / ((1.0 - x) * (x + 1.0)); }
};

struct erf_formula : FloatFunction {
  static constexpr const char* text = "The error function.";
  template <class V> static V value(V x) { return erf(x); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) {
    return dy * 1.1283791670955126 * exp(-(x * x));  // 2 / sqrt(pi)
  }
};

struct erfinv_formula : FloatFunction {
  static constexpr const char* text = "The inverse of the error function; NaN outside [-1, 1].";
  template <class V> static V value(V x) { return erfinv(x); }
  template <class V> static V gradient(const V& dy, const V&, const V& y) {
    return dy * 0.88622692545275801 * exp(y * y);  // sqrt(pi) / 2
  }
};

struct floor_formula : FloatStep {
  static constexpr const char* text = "The largest whole number not above x.";
  template <class V> static V value(V x) { return floor(x); }
};

struct ceil_formula : FloatStep {
  static constexpr const char* text = "The smallest whole number not below x.";
  template <class V> static V value(V x) { return ceil(x); }
};

struct round_formula : FloatStep {
  static constexpr const char* text = "The nearest whole number; halves go to the even one.";
  template <class V> static V value(V x) { return round_half_even(x); }
};

struct trunc_formula : FloatStep {
  static constexpr const char* text = "The whole part of x: rounds towards zero.";
  template <class V> static V value(V x) { return trunc(x); }
};

struct relu_formula : NumberFunction {
  static constexpr const char* text = "max(x, 0); its derivative at 0 is 0.";
  template <class V> static V value(V x) { return select(x <= V(0), V(0), x); }
  // By y and not by x, so that x need not be kept.
  template <class V> static V gradient(const V& dy, const V&, const V& y) { return where(greater(y, 0.0), dy, 0.0); }
};

struct sigmoid_formula : FloatFunction {
  static constexpr const char* text = "The logistic function, 1 / (1 + exp(-x)).";
  template <class V> static V value(V x) { return logistic(x); }
  template <class V> static V gradient(const V& dy, const V&, const V& y) { return dy * (y * (1.0 - y)); }
};

struct silu_formula : FloatFunction {
  static constexpr const char* text = "x times its sigmoid, also called swish (Elfwing et al. 2018).";
  template <class V> static V value(V x) { return multiply(x, logistic(x)); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return silu_gradient(dy, x); }
};

struct softplus_formula : FloatFunction {
  static constexpr const char* text = "log(1 + exp(x)), without overflow.";
  template <class V> static V value(V x) { return select(x <= V(0), V(0), x) + log1p(exp(-absolute(x))); }
  template <class V> static V gradient(const V& dy, const V& x, const V&) { return dy * sigmoid(x); }
};

struct is_nan_formula : FloatTest {
  static constexpr const char* text = "True where x is not a number.";
  template <class V> static V value(V x) { return as_number<V>(x != x); }
};

struct is_inf_formula : FloatTest {
  static constexpr const char* text = "True where x is positive or negative infinity.";
  template <class V> static V value(V x) { return as_number<V>(absolute(x) == infinity<V>()); }
};

struct is_finite_formula : FloatTest {
  static constexpr const char* text = "True where x is neither infinite nor NaN.";
  template <class V> static V value(V x) { return as_number<V>(absolute(x) < infinity<V>()); }
};

struct logical_not_formula : NumberTest {
  static constexpr const char* text = "True where x is zero.";
  template <class V> static V value(V x) { return as_number<V>(x == V(0)); }
};

struct bitwise_not_formula : BitFunction {
  static constexpr const char* text = "Every bit turned.";
  template <class V> static V value(V x) { return ~x; }
};

// Two arguments.

struct add_formula : NumberFunction {
  static constexpr const char* text = "The sum x1 + x2.";
  template <class V> static V value(V x1, V x2) { return add(x1, x2); }
  template <class V> static V gradient0(const V& dy, const V&, const V&, const V&) { return dy; }
  template <class V> static V gradient1(const V& dy, const V&, const V&, const V&) { return dy; }
};

struct subtract_formula : NumberFunction {
  static constexpr const char* text = "The difference x1 - x2.";
  template <class V> static V value(V x1, V x2) { return subtract(x1, x2); }
  template <class V> static V gradient0(const V& dy, const V&, const V&, const V&) { return dy; }
  template <class V> static V gradient1(const V& dy, const V&, const V&, const V&) { return -dy; }
};

struct multiply_formula : NumberFunction {
  static constexpr const char* text = "The product x1 * x2.";
  template <class V> static V value(V x1, V x2) { return multiply(x1, x2); }
  template <class V> static V gradient0(const V& dy, const V&, const V& x2, const V&) { return dy * x2; }
  template <class V> static V gradient1(const V& dy, const V& x1, const V&, const V&) { return dy * x1; }
};

struct divide_formula : FloatFunction {
  static constexpr const char* text = "The quotient x1 / x2.";
  template <class V> static V value(V x1, V x2) { return x1 / x2; }
  template <class V> static V gradient0(const V& dy, const V&, const V& x2, const V&) { return dy / x2; }
  template <class V> static V gradient1(const V& dy, const V&, const V& x2, const V& y) { return -dy * (y / x2); }
};

struct floor_divide_formula : NumberStep {
  static constexpr bool brief = false;
  static constexpr const char* text = "The largest whole number not above x1 / x2; of integers, 0 where x2 is 0.";
  template <class V> static V value(V x1, V x2) { return floor_divide(x1, x2); }
};

struct mod_formula : NumberFunction {
  static constexpr bool brief = false;
  static constexpr const char* text = "Remainder of floor division, with the sign of x2; of integers, 0 where x2 is 0.";
  template <class V> static V value(V x1, V x2) { return floor_modulo(x1, x2); }
  template <class V> static V gradient0(const V& dy, const V&, const V&, const V&) { return dy; }
  template <class V> static V gradient1(const V& dy, const V& x1, const V& x2, const V&) {
    return -dy * floor_divide(x1, x2);
  }
};

struct power_formula : NumberFunction {
  static constexpr bool brief = false;
  static constexpr const char* text = "x1 to the power x2; of integers with a negative exponent, rounded towards zero.";
  template <class V> static V value(V x1, V x2) { return power(x1, x2); }
  // The exponent 0 is taken aside: 0 ** -1 would make the product 0 * inf.
  template <class V> static V gradient0(const V& dy, const V& x1, const V& x2, const V&) {
    return dy * (x2 * power(x1, where(equal(x2, 0.0), 1.0, x2 - 1.0)));
  }
  template <class V> static V gradient1(const V& dy, const V& x1, const V&, const V& y) {
    return dy * (y * log(where(greater(x1, 0.0), x1, 1.0)));
  }
};

struct maximum_formula : NumberFunction {
  static constexpr const char* text = "The larger of both, or NaN; where they are equal the derivative is x1's.";
  template <class V> static V value(V x1, V x2) { return select((x1 > x2) | (x1 != x1), x1, x2); }
  template <class V> static V gradient0(const V& dy, const V& x1, const V& x2, const V&) {
    return where(greater_equal(x1, x2), dy, 0.0);
  }
  template <class V> static V gradient1(const V& dy, const V& x1, const V& x2, const V&) {
    return where(greater_equal(x1, x2), 0.0, dy);
  }
};

struct minimum_formula : NumberFunction {
  static constexpr const char* text = "The smaller of both, or NaN; where they are equal the derivative is x1's.";
  template <class V> static V value(V x1, V x2) { return select((x1 < x2) | (x1 != x1), x1, x2); }
  template <class V> static V gradient0(const V& dy, const V& x1, const V& x2, const V&) {
    return where(less_equal(x1, x2), dy, 0.0);
  }
  template <class V> static V gradient1(const V& dy, const V& x1, const V& x2, const V&) {
    return where(less_equal(x1, x2), 0.0, dy);
  }
};

struct atan2_formula : FloatFunction {
  static constexpr const char* text = "The angle of the point (x2, x1), in [-pi, pi].";
  template <class V> static V value(V x1, V x2) { return atan2(x1, x2); }
  template <class V> static V gradient0(const V& dy, const V& x1, const V& x2, const V&) {
    return dy * (x2 / (x1 * x1 + x2 * x2));
  }
  template <class V> static V gradient1(const V& dy, const V& x1, const V& x2, const V&) {
    return -dy * (x1 / (x1 * x1 + x2 * x2));
  }
};

struct silu_gradient_formula : FloatFunction {
  static constexpr const char* text = "x1 times the derivative of silu at x2.";
  template <class V> static V value(V x1, V x2) {
    const V s = logistic(x2);
    return multiply(multiply(x1, s), add(V(1), multiply(x2, subtract(V(1), s))));
  }
  template <class V> static V gradient0(const V& dy, const V&, const V& x2, const V&) { return silu_gradient(dy, x2); }
  template <class V> static V gradient1(const V& dy, const V& x1, const V& x2, const V&) {
    const V s = sigmoid(x2);
    return dy * x1 * (s * (1.0 - s)) * (x2 * (1.0 - s * 2.0) + 2.0);
  }
};

struct equal_formula : NumberTest {
  static constexpr const char* text = "True where x1 == x2.";
  template <class V> static V value(V x1, V x2) { return as_number<V>(x1 == x2); }
};

struct not_equal_formula : NumberTest {
  static constexpr const char* text = "True where x1 != x2.";
  template <class V> static V value(V x1, V x2) { return as_number<V>(x1 != x2); }
};

struct less_formula : NumberTest {
  static constexpr const char* text = "True where x1 < x2.";
  template <class V> static V value(V x1, V x2) { return as_number<V>(x1 < x2); }
};

struct less_equal_formula : NumberTest {
  static constexpr const char* text = "True where x1 <= x2.";
  template <class V> static V value(V x1, V x2) { return as_number<V>(x1 <= x2); }
};

struct greater_formula : NumberTest {
  static constexpr const char* text = "True where x1 > x2.";
  template <class V> static V value(V x1, V x2) { return as_number<V>(x1 > x2); }
};

struct greater_equal_formula : NumberTest {
  static constexpr const char* text = "True where x1 >= x2.";
  template <class V> static V value(V x1, V x2) { return as_number<V>(x1 >= x2); }
};

struct logical_and_formula : NumberTest {
  static constexpr const char* text = "True where both are not zero.";
  template <class V> static V value(V x1, V x2) { return as_number<V>((x1 != V(0)) & (x2 != V(0))); }
};

struct logical_or_formula : NumberTest {
  static constexpr const char* text = "True where one of both is not zero.";
  template <class V> static V value(V x1, V x2) { return as_number<V>((x1 != V(0)) | (x2 != V(0))); }
};

struct logical_xor_formula : NumberTest {
  static constexpr const char* text = "True where exactly one of both is not zero.";
  template <class V> static V value(V x1, V x2) { return as_number<V>((x1 != V(0)) ^ (x2 != V(0))); }
};

struct bitwise_and_formula : BitFunction {
  static constexpr const char* text = "The bits set in both.";
  template <class V> static V value(V x1, V x2) { return x1 & x2; }
};

struct bitwise_or_formula : BitFunction {
  static constexpr const char* text = "The bits set in one of both.";
  template <class V> static V value(V x1, V x2) { return x1 | x2; }
};

struct bitwise_xor_formula : BitFunction {
  static constexpr const char* text = "The bits set in exactly one of both.";
  template <class V> static V value(V x1, V x2) { return x1 ^ x2; }
};

struct left_shift_formula : BitFunction {
  static constexpr const char* text = "x1 shifted left by x2 bits; 0 where x2 is not below the width.";
  template <class V> static V value(V x1, V x2) { return left_shift(x1, x2); }
};

struct right_shift_formula : BitFunction {
  static constexpr const char* text = "x1 shifted right by x2 bits, keeping the sign.";
  template <class V> static V value(V x1, V x2) { return right_shift(x1, x2); }
};

struct divide_no_nan_formula : FloatFunction {
  static constexpr const char* text = "The quotient x1 / x2, and 0 where x2 is 0.";
  template <class V> static V value(V x1, V x2) { return select(x2 == V(0), V(0), x1 / x2); }
  template <class V> static V gradient0(const V& dy, const V&, const V& x2, const V&) { return divide_no_nan(dy, x2); }
  template <class V> static V gradient1(const V& dy, const V&, const V& x2, const V& y) {
    return -dy * divide_no_nan(y, x2);
  }
};

// Three arguments.

struct where_formula : NumberFunction {
  static constexpr const char* text = "x1 where the condition is not zero, x2 elsewhere.";
  template <class V> static V value(V condition, V x1, V x2) { return select(condition != V(0), x1, x2); }
  template <class V> static V gradient1(const V& dy, const V& condition, const V&, const V&, const V&) {
    return where(condition, dy, 0.0);
  }
  template <class V> static V gradient2(const V& dy, const V& condition, const V&, const V&, const V&) {
    return where(condition, 0.0, dy);
  }
};

struct multiply_add_formula : NumberFunction {
  static constexpr const char* text = "x1 * x2 + x3, rounded once where the processor can.";
  template <class V> static V value(V x1, V x2, V x3) { return add(multiply(x1, x2), x3); }
  template <class V> static V gradient0(const V& dy, const V&, const V& x2, const V&, const V&) { return dy * x2; }
  template <class V> static V gradient1(const V& dy, const V& x1, const V&, const V&, const V&) { return dy * x1; }
  template <class V> static V gradient2(const V& dy, const V&, const V&, const V&, const V&) { return dy; }
};

}  // namespace formula

// functor::exp is formula::exp_formula, and so on for every row of the list.
namespace functor {
#define ELEMENTWISE(name, arity) using name = formula::name##_formula;
#include "math/elementwise.def"
#undef ELEMENTWISE
}  // namespace functor

}  // namespace gradmill::GM_ISA_NAMESPACE
