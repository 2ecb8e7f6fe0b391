#pragma once
// The loop over the parts and groups of a convolution that is done as matrix products over patches.
#include "cpu/gemm.h"
#include "ops/convolution/patches_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {

// One product: the patches of a part and a group against what `fill` says.
struct ImplicitProduct {
  Patches patches;
  int64_t group;
  GemmProblem gemm;
  GemmSource source;
  const int64_t* window;     // of the kernel
  const int64_t* result;     // sizes of the result of which the part's pixels are a part
  int64_t depth, width;      // channels and filters of a group
  int64_t filters;           // of all groups
};

// Calls body(product, first unit, last unit, units before this product) for each product of which some units lie in
// [begin, end); fill(product) sets its gemm. Returns the number of all units.
template <class Product, class Fill, class Body>
static inline int64_t for_each_product(const AxisParts* axes, int64_t groups, int element_size, Product& product,
                                       int64_t begin, int64_t end, const Fill& fill, const Body& body) {
  int64_t before = 0;
  for (int i = 0; i < axes[0].count; ++i) {
    for (int j = 0; j < axes[1].count; ++j) {
      for (int k = 0; k < axes[2].count; ++k) {
        product.patches.axis[0] = axes[0].items[i];
        product.patches.axis[1] = axes[1].items[j];
        product.patches.axis[2] = axes[2].items[k];
        product.group = 0;
        fill(product);
        const int64_t units = gemm_split(product.gemm, product.source, element_size).units;
        for (int64_t group = 0; group < groups; ++group, before += units) {
          const int64_t from = greater(begin, before), to = lesser(end, before + units);
          if (from >= to) continue;
          product.group = group;
          body(product, from - before, to - before);
        }
      }
    }
  }
  return before;
}

// The largest scratch that a product needs, and the number of all units.
struct ImplicitSize {
  int64_t units;
  size_t scratch;
};

template <class Product, class Fill>
static inline ImplicitSize implicit_size(const AxisParts* axes, int64_t groups, int element_size, Product& product,
                                         const Fill& fill) {
  ImplicitSize size{0, 0};
  const auto measure = [&](const ImplicitProduct& p, int64_t, int64_t) {
    const size_t bytes = gemm_scratch_bytes(p.gemm, p.source, element_size);
    if (bytes > size.scratch) size.scratch = bytes;
  };
  size.units = for_each_product(axes, groups, element_size, product, 0, INT64_MAX, fill, measure);
  return size;
}

// Groups of one channel have kernels of their own, and products of so few columns gain nothing.
static inline const char* refuse_for_products(const KernelProblem& problem, const ConvolutionGeometry& g) {
  if (const char* reason = refuse_other_than_floats(problem)) return reason;
  if (g.group_channels() == 1 && g.groups > 1) return "groups of one channel";
  return nullptr;
}

}  // namespace gradmill::GM_ISA_NAMESPACE
