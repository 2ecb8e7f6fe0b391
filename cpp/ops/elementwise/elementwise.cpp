// Definitions and builders of every row of math/elementwise.def, made from its formula.
#include "math/elementwise.h"

#include "ops/build.h"

namespace gradmill {
namespace {

using namespace baseline::formula;

using Gradient = Vars (*)(const GradientScope&);

// What a definition takes from a formula; plain values, so that the code below exists once and not once a formula.
struct FormulaFacts {
  const char* text;
  bool integers, result_is_bool;
  void (*infer)(InferScope&);
  Gradient gradient;  // null: not differentiable
};

template <bool floats, bool result_is_bool>
void infer_elementwise(InferScope& s) {
  Shape shape = s.input(0).shape;
  for (int i = 1; i < s.input_count(); ++i) shape = broadcast_shapes(shape, s.input(i).shape, s.op());
  const DType dtype = s.input(s.input_count() - 1).dtype;
  if (!floats && is_float(dtype)) s.dtype_error("expected integers; received ", s.input(0));
  s.add_output({result_is_bool ? DType::boolean : dtype, shape});
}

OpDef define_elementwise(const char* name, int arity, const FormulaFacts& facts) {
  static const std::vector<Argument> names[4] = {
      {}, {{"x", "any shape"}}, {{"x1", "any shape"}, {"x2", "broadcast against x1"}},
      {{"x1", "any shape"}, {"x2", "broadcast against x1"}, {"x3", "broadcast against x1"}}};
  OpDef op{Signature(name, facts.text), facts.infer, facts.gradient, nullptr, Traits()};
  for (const auto& argument : names[arity]) op.signature.input(argument.name, argument.text);
  op.signature.output("y", facts.result_is_bool ? "bool, the broadcast shape" : "the broadcast shape");
  op.traits.any_storage().recompute();
  if (arity > 1) op.traits.promote();
  if (!facts.integers) op.traits.floats();
  return op;
}

Var reduced(Var gradient, const Var& input) { return sum_to(gradient, input.shape()); }

template <class Formula>
Gradient gradient_1() {
  if constexpr (Formula::differentiable) {
    return [](const GradientScope& g) { return Vars{Formula::gradient(g.dy(), g.input(0), g.output(0))}; };
  }
  return nullptr;
}

template <class Formula>
Gradient gradient_2() {
  if constexpr (Formula::differentiable) {
    return [](const GradientScope& g) {
      Vars result(2);
      const Var &a = g.input(0), &b = g.input(1), &y = g.output(0), &dy = g.dy();
      if (g.needs(0)) result[0] = reduced(Formula::gradient0(dy, a, b, y), a);
      if (g.needs(1)) result[1] = reduced(Formula::gradient1(dy, a, b, y), b);
      return result;
    };
  }
  return nullptr;
}

// `where` and `multiply_add` are the only formulas of three arguments.
template <class Formula>
Gradient gradient_3() {
  return [](const GradientScope& g) {
    Vars result(3);
    const Var &a = g.input(0), &b = g.input(1), &c = g.input(2), &y = g.output(0), &dy = g.dy();
    if constexpr (requires { Formula::gradient0(dy, a, b, c, y); }) {
      if (g.needs(0)) result[0] = reduced(Formula::gradient0(dy, a, b, c, y), a);
    }
    if (g.needs(1)) result[1] = reduced(Formula::gradient1(dy, a, b, c, y), b);
    if (g.needs(2)) result[2] = reduced(Formula::gradient2(dy, a, b, c, y), c);
    return result;
  };
}

}  // namespace

#define GM_BUILD_1(name) \
  Var name(const Var& x) { return emit_one(op_definition(OpId::name), {x}); }
#define GM_BUILD_2(name) \
  Var name(const Var& x1, const Var& x2) { return emit_one(op_definition(OpId::name), {x1, x2}); }
#define GM_BUILD_3(name) \
  Var name(const Var& x1, const Var& x2, const Var& x3) { return emit_one(op_definition(OpId::name), {x1, x2, x3}); }
#define ELEMENTWISE(name, arity)                                                     \
  GM_BUILD_##arity(name) OpDef define_##name() {                                     \
    using F = name##_formula;                                                        \
    return define_elementwise(#name, arity,                                          \
                              {F::text, F::integers, F::result_is_bool,              \
                               infer_elementwise<F::floats, F::result_is_bool>,      \
                               gradient_##arity<F>()});                              \
  }
#include "math/elementwise.def"
#undef ELEMENTWISE

}  // namespace gradmill
