// Sets of nodes that are to run as one. No path may leave a set and come back, else it could not run at one moment.
#pragma once

#include "graph/graph.h"

namespace gradmill {

class NodeGroups {
 public:
  static constexpr int none = -1;

  explicit NodeGroups(const Graph& graph);

  int of(const Node* node) const;
  int count() const { return static_cast<int>(members_.size()); }
  const std::vector<Node*>& members(int group) const { return members_[group]; }  // in the order of the graph

  // Nodes must be opened and added in the order of the graph.
  int open(Node* node);
  void add(int group, Node* node);
  void merge(int group, int other);  // `other` is left empty

  // Whether `node` may belong to `candidate` and, unless none, to `home` as well, which then become one.
  bool may_join(int candidate, int home, const Node& node) const;

 private:
  int first_that_matters(int group) const;
  bool returns_to(int group, const Node* start) const;
  bool depends_through_others(int group, int on) const;

  std::unordered_map<const Node*, int> position_, group_of_;
  std::vector<std::vector<Node*>> members_;
  std::vector<std::pair<int, int>> spans_;  // positions of the first and the last member
  std::unordered_map<int, std::vector<const Node*>> chains_;
};

}  // namespace gradmill
