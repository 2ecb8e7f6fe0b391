#pragma once

namespace gradmill {

struct LayerNormAttributes {
  double epsilon = 1e-3;
  bool centred = true;  // whether the mean is taken away
};

}  // namespace gradmill
