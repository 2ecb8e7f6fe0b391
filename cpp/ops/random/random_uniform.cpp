#include "ops/random/random_uniform.h"

#include "ops/build.h"

namespace gradmill {

OpDef define_random_uniform() {
  return {
      .signature = Signature("random_uniform", "Random numbers in [0, 1), a pure function of the key.")
                       .input("key", "int64 (2,): seed and counter")
                       .output("y", "of `shape`")
                       .attribute("shape", &RandomUniformAttributes::shape, "the result's sizes")
                       .attribute("dtype", &RandomUniformAttributes::dtype, "float32 or float64")
                       .reference("Salmon et al. 2011, Philox4x32-10"),
      .infer =
          [](InferScope& s) {
            const auto& a = s.attributes<RandomUniformAttributes>();
            if (s.input(0) != TensorType{DType::int64, Shape{2}}) {
              s.dtype_error("key must be int64(2,); received ", s.input(0));
            }
            if (!is_float(a.dtype)) s.dtype_error("dtype must be floating point; received ", name_of(a.dtype));
            s.add_output({a.dtype, Shape(a.shape)});
          },
      .gradient = nullptr,
      .decompose = nullptr,
      .traits = Traits().random().any_storage().recompute(),
  };
}

}  // namespace gradmill
