// From an op and its types to a kernel that is ready to run: what eager mode caches and what a plan is made of.
#pragma once

#include <memory>

#include "math/tile_program.h"
#include "ops/elementwise/tile_group.h"
#include "registry/registry.h"

namespace gradmill {

struct PreparedKernel {
  KernelPlan plan;
  const char* name = "";                 // of the kernel; "" when there is nothing to run
  std::unique_ptr<TileProgram> program;  // of tile nodes and epilogues
  bool empty() const { return plan.run == nullptr; }
};

// Whether elementwise work on the op's result may become part of the op: then a node's inputs after the first two and its
// outputs belong to the group in its attributes, whose value 0 is the op's own result.
bool takes_epilogue(const OpDef& op);
// The group, or null without one (and for other ops).
TileGroupPointer epilogue_of(const OpDef& op, const Attributes& attributes);
Attributes with_epilogue(const OpDef& op, const Attributes& attributes, TileGroupPointer epilogue);

// The group of a fused node, of the epilogue of a node, or of a single TILE op; null for other nodes.
TileGroupPointer tile_group_of(const OpDef& op, const Attributes& attributes, const std::vector<TensorType>& inputs,
                               const std::vector<TensorType>& outputs);

// `same_memory_as`, if given, names for each output the position among the op's inputs whose memory it shares (or
// TileBuilder::no_input). Throws UnsupportedError when no kernel takes the problem.
std::unique_ptr<PreparedKernel> prepare_kernel(const OpDef& op, const Attributes& attributes,
                                               const std::vector<TensorType>& inputs,
                                               const std::vector<TensorType>& outputs,
                                               const std::vector<int>* same_memory_as = nullptr);

}  // namespace gradmill
