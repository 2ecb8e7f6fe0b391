// Puts nodes into an order in which they can run: producers first, otherwise as traced. A node that computes the new value
// of a state comes after the readers of the old value where that is possible, so that it may overwrite it in place; of a
// large state it comes soon after the gradient, which then need not be kept. The members of a chain stay together.
#include <algorithm>
#include <queue>
#include <unordered_set>

#include "base/check.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

constexpr size_t large_value = 64 * 1024;  // bytes
constexpr size_t small_operand = 8;        // so many times smaller than the state

struct Order {
  std::unordered_map<const Node*, int> position;  // that of a chain's first member for all its members
  std::vector<std::vector<int>> after;  // edges: after[i] run later than i
  std::vector<int> waiting;             // edges that end at i
  std::vector<int> wish;                // of what can run the smallest runs next
};

void add_edge(Order& order, int from, int to) {
  if (from == to) return;
  order.after[from].push_back(to);
  ++order.waiting[to];
}

bool reaches(const Order& order, int from, int to) {
  std::vector<int> pending{from};
  std::vector<bool> seen(order.after.size(), false);
  while (!pending.empty()) {
    const int node = pending.back();
    pending.pop_back();
    if (node == to) return true;
    if (seen[node]) continue;
    seen[node] = true;
    pending.insert(pending.end(), order.after[node].begin(), order.after[node].end());
  }
  return false;
}

// Readers of a value, of views of it, and so on.
void collect_readers(const Graph& graph, const std::unordered_map<const Value*, std::vector<Node*>>& users,
                     const Value* value, std::unordered_set<Node*>& readers) {
  const auto found = users.find(value);
  if (found == users.end()) return;
  for (Node* user : found->second) {
    if (!readers.insert(user).second) continue;
    if (user->op->traits.is_view) collect_readers(graph, users, user->outputs[0].get(), readers);
  }
}

// Takes what can run in the order of `before`, and gives it to `take`.
template <class Before, class Take>
void for_each_ready(const Order& order, const std::vector<bool>& present, Before before, Take take) {
  std::vector<int> waiting = order.waiting;
  std::priority_queue<int, std::vector<int>, Before> ready(before);
  for (size_t i = 0; i < present.size(); ++i) {
    if (present[i] && waiting[i] == 0) ready.push(static_cast<int>(i));
  }
  while (!ready.empty()) {
    const int next = ready.top();
    ready.pop();
    take(next);
    for (int later : order.after[next]) {
      if (--waiting[later] == 0) ready.push(later);
    }
  }
}

std::vector<int> sorted(Order& order, const std::vector<bool>& present) {
  std::vector<int> any, result;
  for_each_ready(order, present, std::greater<int>(), [&](int next) { any.push_back(next); });
  GM_CHECK(static_cast<long>(any.size()) == std::count(present.begin(), present.end(), true), "the graph has a cycle");
  // What others wait for comes when they should: a node that passes made of early and late ones stands with the late.
  for (auto it = any.rbegin(); it != any.rend(); ++it) {
    for (int later : order.after[*it]) order.wish[*it] = std::min(order.wish[*it], order.wish[later]);
  }
  const auto later_wish = [&](int a, int b) { return std::pair(order.wish[a], a) > std::pair(order.wish[b], b); };
  for_each_ready(order, present, later_wish, [&](int next) { result.push_back(next); });
  return result;
}

// Nodes by their numbers in `position`.
Order order_of(const Graph& graph, std::unordered_map<const Node*, int> position) {
  Order order;
  order.position = std::move(position);
  order.after.resize(graph.nodes.size());
  order.waiting.assign(graph.nodes.size(), 0);
  for (size_t i = 0; i < graph.nodes.size(); ++i) order.wish.push_back(static_cast<int>(i));
  for (const auto& node : graph.nodes) {
    for (const auto& input : node->inputs) {
      if (input->producer) add_edge(order, order.position.at(input->producer), order.position.at(node.get()));
    }
  }
  return order;
}

// The new value of a state, if it is large or made of something large: as soon as what it is made of is there. A product
// that updates a small state itself would else keep its factors.
void wish_early(Order& order, const StateUpdate& update) {
  const Node& writer = *update.value->producer;
  const size_t bytes = update.value->type.bytes(), most_bytes = bytes / small_operand;
  size_t largest = bytes;
  int wish = 0;
  for (const auto& input : writer.inputs) {
    if (!input->producer || input->type.bytes() <= most_bytes) continue;
    largest = std::max(largest, input->type.bytes());
    wish = std::max(wish, order.wish[order.position.at(input->producer)]);
  }
  int& own = order.wish[order.position.at(&writer)];
  if (largest >= large_value && wish > 0) own = std::min(own, wish);
}

// Producers first, nothing else: inside a chain this is the order to keep.
void sort_nodes(Graph& graph) {
  std::unordered_map<const Node*, int> position;
  for (size_t i = 0; i < graph.nodes.size(); ++i) position[graph.nodes[i].get()] = static_cast<int>(i);
  Order order = order_of(graph, std::move(position));
  std::vector<std::unique_ptr<Node>> nodes;
  for (int next : sorted(order, std::vector<bool>(graph.nodes.size(), true))) nodes.push_back(std::move(graph.nodes[next]));
  graph.nodes = std::move(nodes);
}

}  // namespace

void order_steps(Graph& graph) {
  sort_nodes(graph);
  const int count = static_cast<int>(graph.nodes.size());
  std::vector<std::vector<int>> members(count);  // of the chain that starts here, or the node alone
  std::vector<bool> present(count, false);
  std::unordered_map<int, int> first_of_chain;
  std::unordered_map<const Node*, int> position;
  for (int i = 0; i < count; ++i) {
    const Node* node = graph.nodes[i].get();
    const int first = node->chain < 0 ? i : first_of_chain.emplace(node->chain, i).first->second;
    position[node] = first;
    members[first].push_back(i);
    present[first] = true;
  }
  Order order = order_of(graph, std::move(position));
  const auto users = users_of_values(graph);
  for (const auto& update : graph.updates) {
    if (!update.value->producer) continue;
    const int writer = order.position.at(update.value->producer);
    std::unordered_set<Node*> readers;
    collect_readers(graph, users, graph.states[update.state].get(), readers);
    std::vector<int> positions;
    for (Node* reader : readers) positions.push_back(order.position.at(reader));
    std::sort(positions.begin(), positions.end());
    const bool possible = std::none_of(positions.begin(), positions.end(), [&](int reader) {
      return reader != writer && reaches(order, writer, reader);
    });
    wish_early(order, update);
    if (!possible) continue;
    for (int reader : positions) {
      if (reader == writer) continue;
      add_edge(order, reader, writer);
      // It waits for its readers and does not hurry them: the counter of a dropout, written early, is read by gradients.
      order.wish[writer] = std::max(order.wish[writer], order.wish[reader]);
    }
  }
  std::vector<std::unique_ptr<Node>> nodes;
  for (int next : sorted(order, present)) {
    for (int member : members[next]) nodes.push_back(std::move(graph.nodes[member]));
  }
  graph.nodes = std::move(nodes);
}

}  // namespace gradmill
