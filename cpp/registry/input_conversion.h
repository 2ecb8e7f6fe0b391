// Brings the inputs of a call to the dtypes that the op works in, as its traits say.
#pragma once

#include "registry/op_def.h"

namespace gradmill {

struct CastAttributes {
  DType dtype = DType::float32;
};

// `promotes`: one common dtype (the condition of `where` stays out). `float_only`: integers become float32.
Vars converted_inputs(const OpDef& op, const Vars& inputs);

// True when the op has to run in float32 between casts because it cannot read the 16-bit floats among its inputs.
bool needs_wide_arithmetic(const OpDef& op, const Vars& inputs);

// The dtype of Python floats that stand alone: gradmill.config.floatx.
DType default_float();
void set_default_float(DType dtype);

// x in another dtype, emitted as a cast; x itself when it has the dtype.
Var converted(const Var& x, DType dtype);

}  // namespace gradmill
