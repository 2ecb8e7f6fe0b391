#pragma once
// The second phase of gradients of kernels that were summed in pieces.
#include "cpu/axis_split.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

// Adds up `pieces` sums of `elements` numbers that lie one behind the other in the shared scratch, always in their order, into
// the third buffer. A unit adds up `block` elements.
template <class T>
static inline void add_pieces(const KernelCall& call, int64_t pieces, int64_t elements, int64_t block) {
  const T* sums = reinterpret_cast<const T*>(call.shared_scratch);
  T* to = static_cast<T*>(call.buffers[2]);
  for (int64_t begin = call.begin * block; begin < lesser(call.end * block, elements); begin += block) {
    const int64_t count = lesser(block, elements - begin);
    __builtin_memcpy(to + begin, sums + begin, count * sizeof(T));
    for (int64_t piece = 1; piece < pieces; ++piece) {
      const T* from = sums + piece * elements + begin;
      for (int64_t i = 0; i < count; ++i) to[begin + i] += from[i];
    }
  }
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
