#include "ops/attention/attention.h"

#include <limits>

#include "ops/build.h"
#include "ops/random/random_uniform.h"

namespace gradmill {
namespace {

using A = AttentionAttributes;

// What every use of the op has in common: the sizes behind the shapes of its inputs.
struct AttentionSizes {
  int64_t batch, queries, heads, depth;  // of query
  int64_t keys, groups, width;           // of key and value: heads / groups heads of query share one of theirs

  AttentionSizes(const Shape& query, const Shape& key, const Shape& value)
      : batch(query[0]), queries(query[1]), heads(query[2]), depth(query[3]), keys(key[1]), groups(key[2]), width(value[3]) {}
};

void check_attention(InferScope& s, int first) {
  const auto type = [&](int i) -> const TensorType& { return s.input(first + i); };
  s.check_float(first);
  for (int i = 0; i < 3; ++i) {
    if (type(i).shape.rank() != 4) {
      s.shape_error("query, key and value must have shape (batch, length, heads, depth); received ", type(0).shape, ", ",
                    type(1).shape, " and ", type(2).shape);
    }
  }
  const Shape &query = type(0).shape, &key = type(1).shape, &value = type(2).shape, &bias = type(3).shape;
  const AttentionSizes a(query, key, value);
  if (key[0] != a.batch || value[0] != a.batch || value[1] != a.keys || value[2] != a.groups || key[3] != a.depth) {
    s.shape_error("key and value must have the batch of query and one length and number of heads, and key the depth of query; "
                  "received query ", query, ", key ", key, " and value ", value);
  }
  if (a.keys == 0) s.shape_error("key must have at least one position; received ", key);
  if (a.groups == 0 || a.heads % a.groups) {
    s.shape_error("the heads of key must divide those of query; received ", a.groups, " and ", a.heads);
  }
  const Shape scores{a.batch, a.heads, a.queries, a.keys};
  bool broadcasts = bias.rank() == 4;
  for (int i = 0; broadcasts && i < 4; ++i) broadcasts = bias[i] == 1 || bias[i] == scores[i];
  if (!broadcasts) s.shape_error("bias must have 4 axes that broadcast to the scores ", scores, "; received ", bias);
  for (int i = 1; i < 4; ++i) {
    if (type(i).dtype != type(0).dtype) {
      s.dtype_error("query, key, value and bias must have one dtype; received ", name_of(type(0).dtype), " and ",
                    name_of(type(i).dtype));
    }
  }
  if (type(4) != TensorType{DType::int64, Shape{2}}) s.dtype_error("random_key must be int64(2,); received ", type(4));
  const A& attributes = s.attributes<A>();
  const double rate = attributes.rate;
  if (!(rate >= 0 && rate < 1)) s.argument_error("rate must be at least 0 and below 1; received ", rate);
  const int64_t first_query = attributes.first_query, step = attributes.query_step;
  const int64_t places = attributes.all_queries ? attributes.all_queries : a.queries;
  if (first_query < 0 || step < 1 || (a.queries > 0 && (a.queries - 1 > (places - 1 - first_query) / step || first_query >= places))) {
    s.argument_error(a.queries, " queries from place ", first_query, " on, ", step, " apart, do not lie within ", places, " places");
  }
}

Signature with_inputs(Signature signature) {
  return signature.input("query", "(batch, queries, heads, depth)")
      .input("key", "(batch, keys, groups, depth), where groups divide heads")
      .input("value", "(batch, keys, groups, width)")
      .input("bias", "added to the scaled scores, broadcast to (batch, heads, queries, keys)")
      .input("random_key", "int64 (2,): seed and counter of dropout");
}

Signature with_attributes(Signature signature) {
  return signature.attribute("scale", &A::scale, "factor of the products of queries and keys")
      .attribute("causal", &A::causal, "whether query i sees keys 0 to i only")
      .attribute("rate", &A::rate, "share of the weights that dropout sets to 0, below 1")
      .attribute("first_query", &A::first_query, "the place of the first query, for `causal` and dropout")
      .attribute("query_step", &A::query_step, "how many places the next query is behind it")
      .attribute("all_queries", &A::all_queries, "how many places there are; 0: as many as queries")
      .reference("Vaswani et al. 2017; in pieces: Dao et al. 2022");
}

// (batch, length, heads, size) as (batch, groups, heads / groups, length, size).
Var by_heads(const Var& x, int64_t groups) {
  const Shape& s = x.shape();
  return reshape(transpose(x, {0, 2, 1, 3}), {s[0], groups, s[2] / groups, s[1], s[3]});
}

// The weights as an array, before dropout and with it.
struct Weights {
  Var plain, dropped;
  Var factor;  // what dropout makes of each; undefined without
};

Weights weights_in_full(const A& a, const Var& query, const Var& key, const Var& bias, const Var& random_key) {
  const AttentionSizes size(query.shape(), key.shape(), key.shape());
  const Shape scores{size.batch, size.heads, size.queries, size.keys};
  Var x = reshape(matmul(by_heads(query, size.groups), by_heads(key, size.groups), false, true), scores) * a.scale + bias;
  if (a.causal) {
    const Var place = iota(size.queries, DType::int64) * static_cast<double>(a.query_step) + static_cast<double>(a.first_query);
    const Var row = reshape(place, {size.queries, 1}), column = iota(size.keys, DType::int64);
    x = where(less_equal(column, row), x, -std::numeric_limits<double>::infinity());
  }
  const Var plain = softmax(x, -1);
  if (a.rate == 0) return {plain, plain, Var()};
  Shape places = scores;
  if (a.all_queries) places.set(2, a.all_queries);
  const Var drawn = emit_one(op_definition(OpId::random_uniform), {random_key},
                             Attributes::of(RandomUniformAttributes{places.vector(), plain.dtype()}));
  const Var uniform = slice(drawn, {0, 0, a.first_query, 0}, scores.vector(), {1, 1, a.query_step, 1});
  const Var factor = where(less(uniform, 1 - a.rate), scalar(1 / (1 - a.rate), plain.dtype()), 0.0);
  return {plain, plain * factor, factor};
}

Var shared_by_groups(const Var& scores, int64_t groups) {
  const Shape& s = scores.shape();
  return reshape(scores, {s[0], groups, s[1] / groups, s[2], s[3]});
}

Vars attention_in_full(const OpScope& s) {
  const AttentionSizes size(s.input(0).shape(), s.input(1).shape(), s.input(2).shape());
  const Weights weights = weights_in_full(s.attributes<A>(), s.input(0), s.input(1), s.input(3), s.input(4));
  const Var y = matmul(shared_by_groups(weights.dropped, size.groups), by_heads(s.input(2), size.groups));
  return {transpose(reshape(y, {size.batch, size.heads, size.queries, size.width}), {0, 2, 1, 3})};
}

// What arrives at the biased scores as an array.
Var scores_gradient(const Weights& weights, const Var& dy, const Var& value) {
  const int64_t groups = value.shape()[2];
  const Var through = matmul(by_heads(dy, groups), by_heads(value, groups), false, true);
  Var arrives = reshape(through, weights.plain.shape());
  if (weights.factor) arrives = arrives * weights.factor;
  return weights.plain * (arrives - sum(weights.plain * arrives, {-1}, true));
}

// A bias is rarely trained, so its gradient has no kernel of its own.
Var bias_gradient(const GradientScope& g) {
  const Weights weights = weights_in_full(g.attributes<A>(), g.input(0), g.input(1), g.input(3), g.input(4));
  return sum_to(scores_gradient(weights, g.dy(), g.input(2)), g.input(3).shape());
}

Vars attention_backward_in_full(const OpScope& s) {
  const Var &dy = s.input(0), &query = s.input(1), &key = s.input(2), &value = s.input(3);
  const A& a = s.attributes<A>();
  const int64_t groups = key.shape()[2];
  const Weights weights = weights_in_full(a, query, key, s.input(4), s.input(5));
  const Var scores = shared_by_groups(scores_gradient(weights, dy, value) * a.scale, groups);
  const auto of_groups = [](const Var& x) { return transpose(sum(x, {2}), {0, 2, 1, 3}); };  // sums over shared heads
  const Var d_query = matmul(scores, by_heads(key, groups));
  const Shape& q = query.shape();
  return {transpose(reshape(d_query, {q[0], q[2], q[1], q[3]}), {0, 2, 1, 3}),
          of_groups(matmul(scores, by_heads(query, groups), true)),
          of_groups(matmul(shared_by_groups(weights.dropped, groups), by_heads(dy, groups), true))};
}

}  // namespace

OpDef define_attention() {
  return {
      .signature = with_attributes(
          with_inputs(Signature("attention", "The mean of values, weighted by softmax(scale * query key' + bias) for each head."))
              .output("y", "(batch, queries, heads, width)")),
      .infer =
          [](InferScope& s) {
            check_attention(s, 0);
            const Shape& query = s.input(0).shape;
            s.add_output({s.input(0).dtype, {query[0], query[1], query[2], s.input(2).shape[3]}});
          },
      .gradient =
          [](const GradientScope& g) {
            Vars inputs{g.dy()};
            for (int i = 0; i < 5; ++i) inputs.push_back(g.input(i));
            const Vars made = emit(op_definition(OpId::attention_backward), inputs, g.all_attributes());
            return Vars{made[0], made[1], made[2], g.needs(3) ? bias_gradient(g) : Var(), Var()};
          },
      .decompose = attention_in_full,
      .traits = Traits(),
  };
}

OpDef define_attention_backward() {
  return {
      .signature = with_attributes(
          with_inputs(Signature("attention_backward", "What arrives at query, key and value of attention.")
                          .input("dy", "(batch, queries, heads, width)"))
              .output("d_query", "shape of query")
              .output("d_key", "shape of key")
              .output("d_value", "shape of value")),
      .infer =
          [](InferScope& s) {
            check_attention(s, 1);
            const Shape &query = s.input(1).shape, &value = s.input(3).shape;
            const TensorType wanted{s.input(1).dtype, {query[0], query[1], query[2], value[3]}};
            if (s.input(0) != wanted) s.shape_error("dy must be ", wanted, "; received ", s.input(0));
            for (int i = 1; i < 4; ++i) s.add_output(s.input(i));
          },
      .gradient = nullptr,
      .decompose = attention_backward_in_full,
      .traits = Traits().without_gradient(),
  };
}

}  // namespace gradmill
