// What passes may assume about an op.
#pragma once

#include <cstdint>

namespace gradmill {

enum class Realization : uint8_t { kernel, tile, view, decompose };

struct Traits {
  bool is_view = false;          // the output is the input's memory under another shape
  bool is_random = false;        // depends on a key, never merged with another of the same inputs unless keys agree
  bool promotes = false;         // inputs are brought to one common dtype first
  bool float_only = false;       // integer and bool inputs become float32 first
  bool half_storage_ok = false;  // reads and writes bfloat16/float16 itself; others are wrapped in casts
  bool lacks_gradient = false;   // it could have one, so asking for it is an error and not nothing
  bool cheap = false;            // so cheap that computing it again beats storing it

  Traits& view() { is_view = half_storage_ok = true; return *this; }
  Traits& random() { is_random = true; return *this; }
  Traits& promote() { promotes = true; return *this; }
  Traits& floats() { float_only = true; return *this; }
  Traits& any_storage() { half_storage_ok = true; return *this; }
  Traits& without_gradient() { lacks_gradient = true; return *this; }
  Traits& recompute() { cheap = true; return *this; }
};

}  // namespace gradmill
