// Regions of a tape: what is computed again for the gradients instead of being kept (Chen, Xu, Zhang and Guestrin 2016,
// "Training deep nets with sublinear memory cost").
#pragma once

#include <unordered_set>

#include "autodiff/reverse_walk.h"

namespace gradmill {

// Gives back the memory of what the records of a region at the end of the list made for each other. It is computed
// again before it is needed; who else reads such a value keeps it.
void forget_values(std::vector<Record>& records, const Region& region);

// For a tape of traced values, before it is walked: cuts divided regions into some that repeat, so that what is kept
// between them and what the largest makes take least memory together. What comes last is needed at once, so it is not
// repeated. Does nothing to tensors, whose memory is given back already or in use.
void arrange_regions(std::vector<Record>& records);

// Emits the records of regions again when the walk first reaches them.
class Repetition {
 public:
  // `on_path`: the records whose gradients may be emitted.
  Repetition(const std::vector<Record>& records, const std::vector<bool>& on_path);

  // Record i with the values that are there for its gradient. Valid until the next call.
  const Record& at(size_t i);

 private:
  Var present(const Var& value) const;
  Vars present(const Vars& values) const;
  void repeat(const Region& region, size_t last);

  const std::vector<Record>& records_;
  const std::vector<bool>& on_path_;
  std::unordered_map<uint64_t, size_t> last_reader_;  // of each value
  std::unordered_set<const Region*> repeated_;
  std::unordered_map<uint64_t, Var> again_;  // the new values by the ids of the old ones
  const Region* outermost_ = nullptr;        // around the record of the last call
  Record record_{};
};

}  // namespace gradmill
