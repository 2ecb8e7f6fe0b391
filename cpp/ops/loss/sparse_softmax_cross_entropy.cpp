// Cross-entropy of logits with class numbers, and its gradient as an op of its own.
#include "ops/loss/sparse_softmax_cross_entropy.h"

#include <cmath>

#include "ops/build.h"
#include "ops/normalization/log_softmax.h"

namespace gradmill {
namespace {

using A = SparseSoftmaxCrossEntropyAttributes;

// What labels say, as values that line up with the logits (..., classes).
struct LabelFacts {
  Var one_hot;   // bool (..., classes)
  Var ignored;   // bool (..., 1)
  Var in_range;  // bool (..., 1)
};

Var with_last_axis(const Var& x) {
  Shape shape = x.shape();
  shape.append(1);
  return reshape(x, shape);
}

LabelFacts facts_of(const Var& logits, const Var& labels, int64_t ignore_class) {
  const int64_t classes = logits.shape().back();
  const Var label = with_last_axis(cast(labels, DType::int64));
  const Var ignored = equal(label, scalar(static_cast<double>(ignore_class), DType::int64));
  return {equal(label, iota(classes, DType::int64)), ignored,
          logical_and(greater_equal(label, 0.0), less(label, static_cast<double>(classes)))};
}

// Labels outside 0 .. classes - 1 make their row NaN, ignored ones make it 0.
Var masked(const LabelFacts& facts, const Var& x) {
  return where(facts.ignored, 0.0, where(facts.in_range, x, std::nan("")));
}

void check_inputs(InferScope& s) {
  s.check_rank(0, 1);
  s.check_float(0);
  s.check_integer(1);
  const Shape &logits = s.input(0).shape, &labels = s.input(1).shape;
  Shape expected = logits;
  expected.set(logits.rank() - 1, 1);
  Shape received = labels;
  if (labels.rank() < max_rank) received.append(1);
  if (received != expected) {
    s.shape_error("labels must have the shape of logits ", logits, " without the last axis; received ", labels);
  }
  if (logits.back() == 0) s.shape_error("logits of shape ", logits, " have no classes");
}

Var backward(const Var& logits, const Var& labels, const Var& dloss, const Attributes& attributes) {
  return emit_one(op_definition(OpId::sparse_softmax_cross_entropy_backward), {logits, labels, dloss}, attributes);
}

}  // namespace

OpDef define_sparse_softmax_cross_entropy() {
  return {
      .signature = Signature("sparse_softmax_cross_entropy",
                             "-log(softmax(logits)) at the label of each row; NaN for labels that are no class.")
                       .input("logits", "(..., classes)")
                       .input("labels", "(...) of an integer type, 0 to classes - 1")
                       .output("loss", "(...)")
                       .attribute("ignore_class", &A::ignore_class, "rows with this label have loss 0"),
      .infer =
          [](InferScope& s) {
            check_inputs(s);
            s.add_output({s.input(0).dtype, s.input(1).shape});
          },
      .gradient =
          [](const GradientScope& g) {
            return Vars{backward(g.input(0), g.input(1), g.dy(), g.all_attributes()), Var()};
          },
      .decompose =
          [](const OpScope& s) {
            const Var &logits = s.input(0), &labels = s.input(1);
            const LabelFacts facts = facts_of(logits, labels, s.attributes<A>().ignore_class);
            const Var picked = sum(where(facts.one_hot, log_softmax(logits), 0.0), {-1}, true);
            return Vars{reshape(masked(facts, -picked), labels.shape())};
          },
      .traits = Traits(),
  };
}

OpDef define_sparse_softmax_cross_entropy_backward() {
  return {
      .signature = Signature("sparse_softmax_cross_entropy_backward",
                             "The gradient of sparse_softmax_cross_entropy: (softmax(logits) - one_hot) * dloss.")
                       .input("logits", "(..., classes)")
                       .input("labels", "(...) of an integer type, 0 to classes - 1")
                       .input("dloss", "(...)")
                       .output("dlogits", "(..., classes)")
                       .attribute("ignore_class", &A::ignore_class, "rows with this label have gradient 0"),
      .infer =
          [](InferScope& s) {
            check_inputs(s);
            if (s.input(2) != TensorType{s.input(0).dtype, s.input(1).shape}) {
              s.shape_error("dloss must be ", TensorType{s.input(0).dtype, s.input(1).shape}, "; received ",
                            s.input(2));
            }
            s.add_output(s.input(0));
          },
      .gradient =
          [](const GradientScope& g) {
            // Each row is (p - one_hot) d with p = softmax(logits); t d (p - one_hot) is differentiated for t = dy.
            const Var &logits = g.input(0), &labels = g.input(1), &t = g.dy();
            const LabelFacts facts = facts_of(logits, labels, g.attributes<A>().ignore_class);
            const Var p = softmax(logits), pt = p * t, mean = sum(pt, {-1}, true);
            Vars result(3);
            if (g.needs(0)) {
              result[0] = masked(facts, (pt - p * mean) * with_last_axis(g.input(2)));
            }
            if (g.needs(2)) {
              const Var at_label = sum(where(facts.one_hot, t, 0.0), {-1}, true);
              result[2] = reshape(masked(facts, mean - at_label), labels.shape());
            }
            return result;
          },
      .decompose =
          [](const OpScope& s) {
            const Var& logits = s.input(0);
            const LabelFacts facts = facts_of(logits, s.input(1), s.attributes<A>().ignore_class);
            const Var difference = softmax(logits) - cast(facts.one_hot, logits.dtype());
            return Vars{masked(facts, difference * with_last_axis(s.input(2)))};
          },
      .traits = Traits(),
  };
}

}  // namespace gradmill
