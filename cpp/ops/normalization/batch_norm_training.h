#pragma once

namespace gradmill {

struct BatchNormTrainingAttributes {
  double epsilon = 1e-3;
};

}  // namespace gradmill
