#include "ops/build.h"
#include "ops/reduction/extreme_index.h"
#include "ops/reduction/reduction_shapes.h"

namespace gradmill {

OpDef define_argmin() {
  return {
      .signature = Signature("argmin", "Where the smallest element along `axis` is; the first of equals, NaN first.")
                       .input("x", "rank >= 1")
                       .output("y", "int32, without `axis` or with size one there")
                       .attribute("axis", &ExtremeIndexAttributes::axis, "axis to search along")
                       .attribute("keepdims", &ExtremeIndexAttributes::keepdims, "leave an axis of size one"),
      .infer = infer_extreme_index,
      .gradient = nullptr,
      .decompose = nullptr,
      .traits = Traits(),
  };
}

}  // namespace gradmill
