// Reverse-mode differentiation, once for tapes and for graphs: both are sequences of records.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "registry/emitter.h"
#include "registry/op_def.h"

namespace gradmill {

// See RegionKind.
struct Region {
  std::shared_ptr<Region> outer;
  RegionKind kind = RegionKind::repeated;
  bool repeats = true;
};
using RegionPointer = std::shared_ptr<Region>;

struct Record {
  const OpDef* op;
  Attributes attributes;
  Vars inputs, outputs;
  std::string scope;  // path of the layer that emitted it
  RegionPointer region;  // the innermost, null outside of all
};

// Gradients by id of the value. Walks `records` backwards from the targets and emits, through the current emitter, the
// gradients of whatever lies between `sources` (ids) and the targets, each at the place of its record (gradient_scope).
// `seeds` are the gradients of the targets. What lies in a region that repeats is emitted again, for the gradients of its
// records, when the first of them is reached. Throws UnsupportedError when an op on the way has no gradient and its
// output is floating point and depends on a source through a float input, unless the op stops gradients by design.
using GradientMap = std::unordered_map<uint64_t, Var>;
GradientMap walk_in_reverse(const std::vector<Record>& records, const Vars& targets, const Vars& seeds,
                            const std::vector<uint64_t>& sources);
using ReverseWalk = GradientMap (*)(const std::vector<Record>&, const Vars&, const Vars&, const std::vector<uint64_t>&);

}  // namespace gradmill
