// The kernels of one instruction-set level, gathered from the rows of the catalogue.
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {

#define GM_DECLARE_KERNEL(name) void name##_kernels(KernelList& list);
#define GM_DECLARE_TILE(name)
#define GM_DECLARE_VIEW(name)
#define GM_DECLARE_DECOMPOSE(name)
#define OP(name, family, cpu, cuda) GM_DECLARE_##cpu(name)
#include "registry/catalogue.def"
#undef OP

void all_kernels(KernelList* lists) {
  int row = 0;
#define GM_FILL_KERNEL(name) name##_kernels(lists[row]);
#define GM_FILL_TILE(name)
#define GM_FILL_VIEW(name)
#define GM_FILL_DECOMPOSE(name)
#define OP(name, family, cpu, cuda) \
  GM_FILL_##cpu(name) ++row;
#include "registry/catalogue.def"
#undef OP
}

}  // namespace gradmill::GM_ISA_NAMESPACE
