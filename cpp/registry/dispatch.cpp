// Chooses kernels from the ordered list of an op at the level in use.
#include "registry/dispatch.h"

#include <vector>

#include "base/check.h"
#include "base/cpu_features.h"
#include "base/log.h"
#include "base/settings.h"
#include "registry/registry.h"

namespace gradmill {

// Fills the lists of one level: registry/kernel_table_cpu.cpp, compiled once for each.
#define GM_DECLARE_LEVEL(level)        \
  namespace isa_##level {              \
  void all_kernels(KernelList* lists); \
  }
GM_FOR_EACH_ISA(GM_DECLARE_LEVEL)
#undef GM_DECLARE_LEVEL

namespace {

using Lists = std::vector<KernelList>;

Lists collect() {
  Lists lists(op_count, KernelList{});
#define GM_USE_LEVEL(level) \
  if (instruction_set() == #level) isa_##level::all_kernels(lists.data());
  GM_FOR_EACH_ISA(GM_USE_LEVEL)
#undef GM_USE_LEVEL
  return lists;
}

}  // namespace

const KernelList& kernels_of(int op) {
  static const Lists lists = collect();
  return lists[op];
}

bool takes(const Kernel& kernel, const KernelProblem& problem) { return !kernel.refuse || !kernel.refuse(problem); }

const Kernel* find_kernel(int op, const KernelProblem& problem, std::string* reasons) {
  const KernelList& list = kernels_of(op);
  for (int i = 0; i < list.count && !settings().preferred_kernel.empty(); ++i) {
    if (list.items[i]->name == settings().preferred_kernel && takes(*list.items[i], problem)) return list.items[i];
  }
  for (int i = 0; i < list.count; ++i) {
    const char* reason = list.items[i]->refuse ? list.items[i]->refuse(problem) : nullptr;
    if (!reason && list.items[i]->decline) reason = list.items[i]->decline(problem);
    if (!reason) return list.items[i];
    GM_LOG("dispatch", catalogue_row(op).name, ": ", list.items[i]->name, " refused: ", reason);
    if (reasons) *reasons += text(reasons->empty() ? "" : "; ", list.items[i]->name, ": ", reason);
  }
  return nullptr;
}

const Kernel& choose_kernel(int op, const KernelProblem& problem) {
  std::string reasons;
  if (const Kernel* kernel = find_kernel(op, problem, &reasons)) return *kernel;
  throw UnsupportedError(text(catalogue_row(op).name, ": no kernel takes these inputs (", reasons, ")"));
}

}  // namespace gradmill
