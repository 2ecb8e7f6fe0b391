// Puts nodes into an order in which they can run: producers first, otherwise as traced. A node that computes the new value
// of a state comes after the readers of the old value where that is possible, so that it may overwrite it in place.
#include <algorithm>
#include <queue>
#include <unordered_set>

#include "base/check.h"
#include "passes/pipeline.h"

namespace gradmill {
namespace {

struct Order {
  std::unordered_map<const Node*, int> position;
  std::vector<std::vector<int>> after;  // edges: after[i] run later than i
  std::vector<int> waiting;             // edges that end at i
};

void add_edge(Order& order, int from, int to) {
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

}  // namespace

void order_steps(Graph& graph) {
  const int count = static_cast<int>(graph.nodes.size());
  Order order;
  order.after.resize(count);
  order.waiting.assign(count, 0);
  for (int i = 0; i < count; ++i) order.position[graph.nodes[i].get()] = i;
  for (int i = 0; i < count; ++i) {
    for (const auto& input : graph.nodes[i]->inputs) {
      if (input->producer) add_edge(order, order.position.at(input->producer), i);
    }
  }
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
    for (int reader : positions) {
      if (possible && reader != writer) add_edge(order, reader, writer);
    }
  }
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (int i = 0; i < count; ++i) {
    if (order.waiting[i] == 0) ready.push(i);
  }
  std::vector<std::unique_ptr<Node>> sorted;
  while (!ready.empty()) {
    const int next = ready.top();
    ready.pop();
    sorted.push_back(std::move(graph.nodes[next]));
    for (int later : order.after[next]) {
      if (--order.waiting[later] == 0) ready.push(later);
    }
  }
  GM_CHECK(static_cast<int>(sorted.size()) == count, "the graph has a cycle");
  graph.nodes = std::move(sorted);
}

}  // namespace gradmill
