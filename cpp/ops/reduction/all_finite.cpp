#include "ops/build.h"

namespace gradmill {

OpDef define_all_finite() {
  return {
      .signature = Signature("all_finite", "Whether no element is infinite or NaN.")
                       .input("x", "any shape; integers are finite")
                       .output("y", "bool scalar; true where there is no element"),
      .infer = [](InferScope& s) { s.add_output({DType::boolean, Shape{}}); },
      .gradient = nullptr,
      .decompose =
          [](const OpScope& s) {
            if (s.input(0).type().elements() == 0) return Vars{scalar(1, DType::boolean)};
            return Vars{min(is_finite(s.input(0)), {})};
          },
      .traits = Traits().floats().any_storage(),
  };
}

}  // namespace gradmill
