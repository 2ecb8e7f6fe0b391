// The gradient of batch normalization behind a product, with the large values left where they are made.
//
// With y = normalize(e), e = x W for a W of many more columns than rows, and N rows: the gradient at e is
// de = (dy + e q + r) a, where a is known beforehand, and q and r follow from the sums over rows of dy and of dy e. Written
// out, de is as large as e and cannot be made before the sums are known, so dy must be stored and read again. But
//
//   de W' = dy (W a)' + x (W q)(W a)' + r (W a)'      and      x' de = (x' dy + (x' x)(W q) + sum(x)' r) a,
//
// and the sum over rows of dy e is the sum over the rows of W * (x' dy). So while dy is at hand all that is large is done
// with it: dy (W a)', x' dy and its sum. What the sums add comes later, and is as narrow as x.
//
// Likewise on the way there: with m the mean of the rows of x and C their covariance, the mean of e is m W and its variance
// the sum over the rows of W * (C W). So the normalization's factor a is known before e is made, and nothing as large as
// e is written but x (W a), from which everything behind it follows.
//
// Of factors in 16 bits the products are those of their values in float32; x (W a) and the gradients are rounded.
#include <algorithm>

#include "graph/graph_emitter.h"
#include "ops/build.h"
#include "ops/linalg/matmul.h"
#include "ops/normalization/channel_sums.h"
#include "passes/chain_roles.h"
#include "passes/nodes.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

// x' x and the product that is added later cost as much as two of the three products of the layer with its columns divided
// by its rows; below this ratio that is more than what is saved.
constexpr int64_t fewest_columns_per_row = 5;
constexpr size_t smallest_value = 8 << 20;  // bytes of dy; smaller ones are still in cache when they are read again

using Users = std::unordered_map<const Value*, std::vector<Node*>>;

// What a view shows, through views of it.
const Value* shown(const Value* value) {
  while (value->producer && value->producer->op->traits.is_view) value = value->producer->inputs[0].get();
  return value;
}

const Node* producer_of(const Value& value, OpId id) {
  return value.producer && is_op(*value.producer, id) ? value.producer : nullptr;
}

// A product a b of the kind asked for, without anything fused into it.
bool is_product(const Node& node, bool transpose_a, bool transpose_b) {
  if (!is_op(node, OpId::matmul) || node.inputs[1]->type.shape.rank() != 2) return false;
  const auto& attributes = node.attributes.as<MatmulAttributes>();
  return attributes.transpose_a == transpose_a && attributes.transpose_b == transpose_b && !attributes.epilogue;
}

// One layer: e = x w, sums = channel_products(dy, e, mean), de = (e q + dy + r) a; and where nothing else reads e,
// moments = channel_moments(e), scaled = e factor. Where x and w are in 16 bits, e and de are float32 all the same: the
// copy of a product, and what is copied for the products of the gradient.
struct Layer {
  Node *sums = nullptr, *input_gradient = nullptr, *kernel_gradient = nullptr, *moments = nullptr, *scaled = nullptr;
  ValuePointer x, w, dy, mean, q, r, a;
};

// What a copy in another type shows.
ValuePointer uncast(const ValuePointer& value) {
  return producer_of(*value, OpId::cast) ? value->producer->inputs[0] : value;
}

// Readers of a value, those of views of it instead of the views.
void collect_readers(const Value& value, const Users& users, std::vector<Node*>* readers) {
  const auto found = users.find(&value);
  if (found == users.end()) return;
  for (Node* user : found->second) {
    if (user->op->traits.is_view) collect_readers(*user->outputs[0], users, readers);
    else readers->push_back(user);
  }
}

// Takes apart de = multiply(add(add(multiply(e, q), dy), r), a).
bool take_apart(const Value& de, const Value& e, const Value& dy, Layer* layer) {
  const Node* product = producer_of(de, OpId::multiply);
  const Node* sum = product ? producer_of(*product->inputs[0], OpId::add) : nullptr;
  const Node* inner = sum ? producer_of(*sum->inputs[0], OpId::add) : nullptr;
  const Node* scaled = inner ? producer_of(*inner->inputs[0], OpId::multiply) : nullptr;
  if (!scaled || scaled->inputs[0].get() != &e || inner->inputs[1].get() != &dy) return false;
  layer->q = scaled->inputs[1], layer->r = sum->inputs[1], layer->a = product->inputs[1];
  const Shape channels{e.type.shape.back()};
  return layer->q->type.shape == channels && layer->r->type.shape == channels && layer->a->type.shape == channels;
}

// Finds what the normalization itself reads e for. Few large images are cut into bands that start anywhere; there e must be
// a value in memory before the convolution behind it begins.
void find_forward(const Value& e, const Users& users, Layer* layer) {
  std::vector<Node*> readers;
  if (e.type.shape[0] < fewest_whole_images) return;
  collect_readers(e, users, &readers);
  Node *moments = nullptr, *scaled = nullptr;
  for (Node* reader : readers) {
    if (reader == layer->sums) continue;
    if (is_op(*reader, OpId::channel_moments) && reader->outputs[0] == layer->mean) moments = reader;
    else if (!is_op(*reader, OpId::multiply) || reader->inputs[0].get() != &e) return;
    else if (reader->inputs[1] != layer->q) scaled = reader;
  }
  if (readers.size() != 4 || !moments || !scaled || scaled->inputs[1]->type.shape != Shape{e.type.shape.back()}) return;
  layer->moments = moments, layer->scaled = scaled;
}

bool is_worthwhile(const Node& product, const Value& dy) {
  const Shape& w = product.inputs[1]->type.shape;
  return w[1] >= fewest_columns_per_row * w[0] && dy.type.bytes() >= smallest_value && chain_roles(product);
}

bool find_layer(Node* sums, const Users& users, Layer* layer) {
  const ValuePointer &dy = sums->inputs[0], &e = sums->inputs[1];
  const Node* product = producer_of(*uncast(e), OpId::matmul);
  if (!product || !is_product(*product, false, false) || !is_worthwhile(*product, *dy)) return false;
  layer->sums = sums, layer->dy = dy, layer->mean = sums->inputs[2];
  layer->x = product->inputs[0], layer->w = product->inputs[1];
  std::vector<Node*> readers;
  collect_readers(*dy, users, &readers);
  const Value* de = nullptr;
  for (const Node* reader : readers) {  // dy is added to e q; walk down to what that becomes
    const Value* value = is_op(*reader, OpId::add) ? reader->outputs[0].get() : nullptr;
    for (int step = 0; value && step < 2; ++step) {
      const auto found = users.find(value);
      value = found != users.end() && found->second.size() == 1 ? found->second[0]->outputs[0].get() : nullptr;
    }
    if (value && take_apart(*value, *e, *dy, layer)) de = value;
  }
  if (!de) return false;
  readers.clear();
  collect_readers(*de, users, &readers);
  if (readers.size() == 1 && is_op(*readers[0], OpId::cast)) {
    de = readers[0]->outputs[0].get();
    readers.clear();
    collect_readers(*de, users, &readers);
  }
  if (readers.size() != 2 || de->type.dtype != layer->x->type.dtype) return false;
  for (Node* reader : readers) {
    if (is_product(*reader, false, true) && reader->inputs[1] == layer->w) layer->input_gradient = reader;
    const bool of_kernel = is_product(*reader, true, false) && shown(reader->inputs[0].get()) == shown(layer->x.get());
    if (of_kernel && shown(reader->inputs[1].get()) == de) layer->kernel_gradient = reader;
  }
  if (!layer->input_gradient || !layer->kernel_gradient) return false;
  if (layer->input_gradient->inputs[0]->type.shape != e->type.shape) return false;
  find_forward(*e, users, layer);
  return true;
}

// What is made of x and dy at once.
struct Parts {
  Var squares, sum;  // x' x and the sum of the rows of x
  Var product;       // x' dy
  Var through;       // dy (w a)'
};

class Reassociation {
 public:
  explicit Reassociation(Graph& graph) : graph_(graph), users_(users_of_values(graph)), emitter_(graph) {
    for (size_t i = 0; i < graph.nodes.size(); ++i) position_[graph.nodes[i].get()] = i;
  }

  void run() {
    for (const auto& node : graph_.nodes) {
      Layer layer;
      if (!is_op(*node, OpId::channel_products) || !find_layer(node.get(), users_, &layer)) continue;
      if (!precedes(early(layer.a), *node)) continue;
      const size_t number = layers_.size();
      for (const Node* part : {layer.sums, layer.input_gradient, layer.kernel_gradient}) layer_of_[part] = number;
      if (layer.moments) layer_of_[layer.moments] = layer_of_[layer.scaled] = number;
      layers_.push_back(layer);
    }
    if (layers_.empty()) return;
    parts_.resize(layers_.size());
    std::vector<std::unique_ptr<Node>> old_nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    const RecordingPause no_tapes;
    const EmitterScope scope(&emitter_);
    for (auto& node : old_nodes) {
      for (auto& input : node->inputs) input = now(input);
      const auto found = layer_of_.find(node.get());
      if (found != layer_of_.end()) {
        const ScopePath place(node->scope);
        const RepeatScope again(node->again);
        rewrite(*node, layers_[found->second], &parts_[found->second]);
      }
      graph_.nodes.push_back(std::move(node));
    }
    replace_uses(graph_, replacements_);
    remove_dead(graph_);
  }

 private:
  ValuePointer now(const ValuePointer& value) const {
    const auto found = replacements_.find(value.get());
    return found == replacements_.end() ? value : found->second;
  }

  Var var(const ValuePointer& value) const { return Var(now(value)); }

  // In float32 where it is stored in 16 bits.
  Var wide(const ValuePointer& value) {
    if (!is_half(value->type.dtype)) return var(value);
    Var& copy = wide_[value.get()];
    if (!copy) copy = cast(var(value), DType::float32);
    return copy;
  }

  void replace(const Node& node, int output, const Var& by) {
    replacements_[node.outputs[output].get()] = emitter_.lift(cast(by, node.outputs[output]->type.dtype));
  }

  void rewrite(const Node& node, const Layer& layer, Parts* parts) {
    const Var x = wide(layer.x), w = wide(layer.w);
    const int64_t rows = rows_of(layer.dy->type.shape), width = w.shape()[0], columns = w.shape()[1];
    if (&node == layer.moments) return rewrite_moments(node, reshape(x, {rows, width}), w, parts);
    if (&node == layer.scaled) return replace(node, 0, cast(matmul(x, w * var(node.inputs[1])), layer.x->type.dtype));
    if (&node == layer.sums) {
      const Var dy = var(layer.dy);
      const Var lines = reshape(x, {rows, width}), gradients = reshape(dy, {rows, columns});
      const Var total = sum(dy, ChannelRows(dy.shape()).axes);
      parts->product = matmul(lines, gradients, true);
      if (!layer.moments) parts->squares = matmul(lines, lines, true), parts->sum = sum(lines, {0});
      parts->through = matmul(dy, w * product(early(layer.a)), false, true);
      replace(node, 0, total);
      replace(node, 1, sum(w * parts->product, {0}) - var(layer.mean) * total);
      return;
    }
    const Var q = var(layer.q), r = var(layer.r), a = var(layer.a), wa = w * a;
    if (&node == layer.input_gradient) {
      replace(node, 0, matmul(x, matmul(w * q, wa, false, true)) + sum(wa * r, {1}) + parts->through);
    } else {
      const Var column = reshape(parts->sum, {width, 1});
      replace(node, 0, (parts->product + matmul(parts->squares, w * q) + column * r) * a);
    }
  }

  // The squares are those of x without its mean, or large means would leave nothing of the variance.
  void rewrite_moments(const Node& node, const Var& lines, const Var& w, Parts* parts) {
    const double share = 1 / static_cast<double>(lines.shape()[0]);
    const int64_t width = w.shape()[0], columns = w.shape()[1];
    parts->sum = sum(lines, {0});
    const Var mean = parts->sum * share, centred = lines - mean, line = reshape(mean, {1, width});
    const Var squares = matmul(centred, centred, true);
    parts->squares = squares + reshape(parts->sum, {width, 1}) * line;
    replace(node, 0, reshape(matmul(line, w), {columns}));
    replace(node, 1, maximum(sum(w * matmul(squares * share, w), {0}), scalar(0, w.dtype())));
  }

  // The factors behind the normalization's own, which may itself be made only behind the sums.
  static std::vector<ValuePointer> early(const ValuePointer& factor) {
    const Node* maker = producer_of(*factor, OpId::multiply);
    return maker ? maker->inputs : std::vector<ValuePointer>{factor};
  }

  bool precedes(const std::vector<ValuePointer>& values, const Node& node) const {
    return std::all_of(values.begin(), values.end(), [&](const ValuePointer& value) {
      return !value->producer || position_.at(value->producer) < position_.at(&node);
    });
  }

  Var product(const std::vector<ValuePointer>& factors) const {
    Var result = var(factors[0]);
    for (size_t i = 1; i < factors.size(); ++i) result = result * var(factors[i]);
    return result;
  }

  Graph& graph_;
  const Users users_;
  GraphEmitter emitter_;
  std::unordered_map<const Node*, size_t> position_;
  std::vector<Layer> layers_;
  std::vector<Parts> parts_;
  std::unordered_map<const Node*, size_t> layer_of_;
  std::unordered_map<const Value*, Var> wide_;
  Replacements replacements_;
};

}  // namespace

void reassociate(Graph& graph) { Reassociation(graph).run(); }

}  // namespace gradmill
