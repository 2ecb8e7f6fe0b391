// Instructions that multiply bfloat16 numbers, two terms of a sum at a time. Plain functions: kernels ask here.
#pragma once

namespace gradmill {

// AVX512-BF16: VDPBF16PS.
bool cpu_has_bfloat16_pairs();

// AMX-BF16: TDPBF16PS on tiles, if the system lets this process use their registers; it is asked for them once.
bool cpu_has_bfloat16_tiles();

}  // namespace gradmill
