// Whether gradients are finite decides whether a step with loss scaling updates anything, so no gradient may be used up
// before the last one is known: all of them would be kept. But what is linear in its factors, and sums too few 16-bit
// floats to overflow float32, is finite exactly where the factors are. Asked of those, a gradient need not be there yet:
// the product is made after the answer, and the update becomes part of it. That repays where the factors, which are kept
// instead, take less memory than the gradient in 16 bits.
//
// float16 alone has products that float32 always holds: 65504^2 times the longest sum.
#include <algorithm>
#include <unordered_set>

#include "ops/build.h"
#include "ops/linalg/matmul.h"
#include "graph/graph_emitter.h"
#include "passes/nodes.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

bool is_float16(const ValuePointer& value) { return value->type.dtype == DType::float16; }

// The float16 value of which this is a copy in float32, or null.
ValuePointer narrow_source(const ValuePointer& value) {
  const Node* maker = value->producer;
  if (!maker || !is_op(*maker, OpId::cast) || value->type.dtype != DType::float32) return nullptr;
  return is_float16(maker->inputs[0]) ? maker->inputs[0] : nullptr;
}

class FactorChecks {
 public:
  explicit FactorChecks(Graph& graph) : graph_(graph), users_(users_of_values(graph)) {
    for (const auto& output : graph.outputs) kept_.insert(output.get());
    for (const auto& update : graph.updates) kept_.insert(update.value.get());
  }

  void run() {
    std::vector<std::unique_ptr<Node>> old_nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    const RecordingPause no_tapes;
    GraphEmitter emitter(graph_);
    const EmitterScope scope(&emitter);
    for (auto& node : old_nodes) {
      const bool checks = is_op(*node, OpId::all_finite);
      const std::vector<ValuePointer> factors = checks ? factors_of(*node) : std::vector<ValuePointer>();
      if (factors.empty()) {
        graph_.nodes.push_back(std::move(node));
        continue;
      }
      const ScopePath place(node->scope);
      Var finite;
      for (const auto& factor : factors) {
        const Var one = emit_one(op_definition(OpId::all_finite), {Var(factor)});
        finite = finite ? logical_and(finite, one) : one;
      }
      replacements_[node->outputs[0].get()] = emitter.lift(finite);
      retired_.push_back(std::move(node));
    }
    replace_uses(graph_, replacements_);
    remove_dead(graph_);
    for (auto& node : retired_) node->outputs[0]->producer = nullptr;
  }

 private:
  const Node* only_reader(const Value& value) const {
    const auto found = users_.find(&value);
    return found != users_.end() && found->second.size() == 1 && !kept_.count(&value) ? found->second[0] : nullptr;
  }

  // Whether nothing but elementwise work, such as an update, reads the gradient besides the check: then it need not be kept.
  bool is_used_up(const Value& value) const {
    const auto found = users_.find(&value);
    if (found == users_.end()) return true;
    return std::all_of(found->second.begin(), found->second.end(), [&](const Node* reader) {
      if (is_op(*reader, OpId::all_finite)) return true;
      return (is_tile(*reader) || reader->op->traits.is_view) && is_used_up(*reader->outputs[0]);
    });
  }

  // What to ask instead of the node's input: nothing where that does not repay, or cannot be.
  std::vector<ValuePointer> factors_of(const Node& check) {
    // Back over casts and views of the gradient, whose other readers all are behind the last of them.
    std::vector<Node*> way;
    ValuePointer value = check.inputs[0];
    if (value->type.dtype != DType::float32 || !is_used_up(*value)) return {};
    while (value->producer && (value->producer->op->traits.is_view || is_op(*value->producer, OpId::cast))) {
      const DType dtype = value->type.dtype;
      if (dtype != DType::float32 && dtype != DType::float16) return {};
      way.push_back(value->producer);
      value = value->producer->inputs[0];
      if (!only_reader(*value)) return {};
    }
    Node* product = value->producer;
    if (!product) return {};
    if (is_op(*product, OpId::matmul)) return factors_of_matmul(*product, way);
    std::vector<ValuePointer> factors;
    if (is_op(*product, OpId::convolution_kernel_gradient)) {
      factors = {narrow_source(product->inputs[0]), narrow_source(product->inputs[1])};
    } else if (is_op(*product, OpId::gather_backward)) {
      factors = {narrow_source(product->inputs[1])};
    }
    if (factors.empty() || std::find(factors.begin(), factors.end(), nullptr) != factors.end()) return {};
    if (!repays(factors, *value)) return {};
    widen(way);
    return factors;
  }

  std::vector<ValuePointer> factors_of_matmul(Node& product, const std::vector<Node*>& way) {
    const std::vector<ValuePointer> factors = product.inputs;
    if (product.inputs.size() != 2 || !is_float16(factors[0]) || !is_float16(factors[1])) return {};
    if (!repays(factors, *product.outputs[0])) return {};
    auto attributes = product.attributes.as<MatmulAttributes>();
    attributes.wide = true;
    product.attributes = Attributes::of(attributes).with_schema(&product.op->signature.schema());
    product.outputs[0]->type.dtype = DType::float32;
    widen(way);
    return factors;
  }

  // Values that are there anyway cost nothing to keep.
  static bool repays(const std::vector<ValuePointer>& factors, const Value& gradient) {
    int64_t elements = 0;
    for (const auto& factor : factors) elements += factor->producer ? factor->type.elements() : 0;
    return elements <= gradient.type.elements();
  }

  // The way from the product to what reads the gradient, without rounding to 16 bits.
  void widen(const std::vector<Node*>& way) {
    for (auto node = way.rbegin(); node != way.rend(); ++node) {
      Value& output = *(*node)->outputs[0];
      if ((*node)->op->traits.is_view) output.type.dtype = DType::float32;
      else replacements_[&output] = latest((*node)->inputs[0]);
    }
  }

  ValuePointer latest(ValuePointer value) const {
    for (auto found = replacements_.find(value.get()); found != replacements_.end(); found = replacements_.find(value.get())) {
      value = found->second;
    }
    return value;
  }

  Graph& graph_;
  const std::unordered_map<const Value*, std::vector<Node*>> users_;
  std::unordered_set<const Value*> kept_;
  Replacements replacements_;
  std::vector<std::unique_ptr<Node>> retired_;
};

}  // namespace

void check_factors(Graph& graph) { FactorChecks(graph).run(); }

}  // namespace gradmill
