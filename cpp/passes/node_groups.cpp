#include "passes/node_groups.h"

#include <algorithm>
#include <unordered_set>

namespace gradmill {

NodeGroups::NodeGroups(const Graph& graph) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    Node* node = graph.nodes[i].get();
    position_[node] = static_cast<int>(i);
    if (node->chain >= 0) chains_[node->chain].push_back(node);
  }
}

int NodeGroups::of(const Node* node) const {
  const auto found = group_of_.find(node);
  return found == group_of_.end() ? none : found->second;
}

int NodeGroups::open(Node* node) {
  members_.push_back({node});
  spans_.push_back({position_.at(node), position_.at(node)});
  return group_of_[node] = count() - 1;
}

void NodeGroups::add(int group, Node* node) {
  members_[group].push_back(node);
  spans_[group].second = position_.at(node);
  group_of_[node] = group;
}

void NodeGroups::merge(int group, int other) {
  auto& members = members_[group];
  for (Node* member : members_[other]) group_of_[member] = group;
  members.insert(members.end(), members_[other].begin(), members_[other].end());
  std::sort(members.begin(), members.end(), [&](Node* a, Node* b) { return position_.at(a) < position_.at(b); });
  members_[other].clear();
  spans_[group] = {position_.at(members.front()), position_.at(members.back())};
  spans_[other] = {-1, -1};
}

// Nothing before this position depends on the group, with groups as wholes: none of them reaches across it.
int NodeGroups::first_that_matters(int group) const {
  int first = position_.at(members_[group].front());
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [from, to] : spans_) {
      if (from < first && to >= first) {
        first = from;
        changed = true;
      }
    }
  }
  return first;
}

// Whether `start` is in the group or depends on a member of it. The test looks backwards, over groups as wholes, and over
// chains too, but for the one that the group itself is in.
bool NodeGroups::returns_to(int group, const Node* start) const {
  const int earliest = first_that_matters(group), own_chain = members_[group].front()->chain;
  std::vector<const Node*> pending{start};
  std::unordered_set<const Node*> seen;
  while (!pending.empty()) {
    const Node* node = pending.back();
    pending.pop_back();
    if (!seen.insert(node).second) continue;
    const int other = of(node);
    if (other == group) return true;
    const auto visit_inputs = [&](const Node* reader) {
      for (const auto& input : reader->inputs) {
        if (input->producer && position_.at(input->producer) >= earliest) pending.push_back(input->producer);
      }
    };
    if (node->chain >= 0 && node->chain != own_chain) {
      for (const Node* member : chains_.at(node->chain)) {
        seen.insert(member);
        visit_inputs(member);
      }
    } else if (other == none) {
      visit_inputs(node);
    } else {  // a group runs as a whole: it depends on the inputs of all members
      for (const Node* member : members_[other]) {
        seen.insert(member);
        visit_inputs(member);
      }
    }
  }
  return false;
}

bool NodeGroups::depends_through_others(int group, int on) const {
  for (const Node* member : members_[group]) {
    for (const auto& input : member->inputs) {
      if (!input->producer || of(input->producer) == group || of(input->producer) == on) continue;
      if (returns_to(on, input->producer)) return true;
    }
  }
  return false;
}

bool NodeGroups::may_join(int candidate, int home, const Node& node) const {
  for (const auto& input : node.inputs) {
    if (!input->producer) continue;
    const int group = of(input->producer);
    if (group == candidate || (home != none && group == home)) continue;
    if (returns_to(candidate, input->producer)) return false;
  }
  if (home == none) return true;
  return !depends_through_others(home, candidate) && !depends_through_others(candidate, home);
}

}  // namespace gradmill
