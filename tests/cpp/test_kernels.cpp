// What Python does not reach: decompositions of ops that have a kernel, and the grouping of long lists of inputs.
#include <algorithm>
#include <cmath>
#include <random>

#include "doctest/doctest.h"
#include "eager_fixture.h"
#include "ops/build.h"
#include "ops/loss/sparse_softmax_cross_entropy.h"
#include "ops/normalization/log_softmax.h"
#include "ops/normalization/softmax.h"
#include "registry/registry.h"

using namespace gradmill;

namespace {

Var random_values(const Shape& shape, unsigned seed) {
  Tensor tensor = Tensor::empty({DType::float64, shape});
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  for (int64_t i = 0; i < shape.elements(); ++i) tensor.data<double>()[i] = normal(generator);
  return Var(tensor);
}

Var labels(const std::vector<int32_t>& values) {
  Tensor tensor = Tensor::empty({DType::int32, Shape{static_cast<int64_t>(values.size())}});
  std::copy(values.begin(), values.end(), tensor.data<int32_t>());
  return Var(tensor);
}

void check_alike(const Var& a, const Var& b) {
  REQUIRE(a.type() == b.type());
  for (int64_t i = 0; i < a.type().elements(); ++i) {
    const double left = a.tensor().data<double>()[i], right = b.tensor().data<double>()[i];
    CHECK((std::isnan(left) ? std::isnan(right) : std::abs(left - right) < 1e-12));
  }
}

void check_decomposition(OpId id, const Vars& inputs, const Attributes& attributes) {
  const OpDef& op = op_definition(id);
  const Vars pieces = op.decompose(OpScope(inputs, attributes)), whole = emit(op, inputs, attributes);
  REQUIRE(pieces.size() == whole.size());
  for (size_t i = 0; i < whole.size(); ++i) check_alike(pieces[i], whole[i]);
}

}  // namespace

TEST_CASE_FIXTURE(Eager, "softmax and its logarithm are what their decompositions are") {
  const Var x = random_values({3, 4, 5}, 1);
  for (int64_t axis : {0, 1, -1}) {
    check_decomposition(OpId::softmax, {x}, Attributes::of(SoftmaxAttributes{axis}));
    check_decomposition(OpId::log_softmax, {x}, Attributes::of(LogSoftmaxAttributes{axis}));
  }
}

TEST_CASE_FIXTURE(Eager, "cross-entropy and its gradient are what their decompositions are") {
  using A = SparseSoftmaxCrossEntropyAttributes;
  const Var logits = random_values({6, 4}, 2), dloss = random_values({6}, 3);
  const Var label = labels({0, 3, 1, 4, -1, 2});  // two of them are no class
  for (int64_t ignored : {A().ignore_class, int64_t{-1}, int64_t{1}}) {
    const Attributes attributes = Attributes::of(A{ignored});
    check_decomposition(OpId::sparse_softmax_cross_entropy, {logits, label}, attributes);
    check_decomposition(OpId::sparse_softmax_cross_entropy_backward, {logits, label, dloss}, attributes);
  }
}

TEST_CASE_FIXTURE(Eager, "more inputs of different sizes than a kernel takes are joined in groups") {
  Vars parts;
  int64_t rows = 0;
  for (int i = 0; i < 40; ++i) {  // 240 inputs
    for (int64_t size : {1, 0, 2, 3, 1, 2}) {
      parts.push_back(random_values({size, 2}, static_cast<unsigned>(parts.size())));
      rows += size;
    }
  }
  const Var whole = concatenate(parts, 0);
  REQUIRE(whole.shape() == Shape{rows, 2});
  int64_t row = 0;
  for (const Var& part : parts) {
    check_alike(slice(whole, {row, 0}, part.shape().vector(), {1, 1}), part);
    row += part.shape()[0];
  }
}
