#include "registry/half_form.h"

#include <algorithm>

namespace gradmill {

const HalfForm* half_form(const OpDef& op) {
  static const std::vector<HalfForm> forms = {
      {OpId::layer_norm, {0}, {0}},     {OpId::layer_norm_backward, {0, 1}, {0}}, {OpId::sum, {0}, {}},
      {OpId::channel_moments, {0}, {}}, {OpId::channel_products, {0, 1}, {}},
      {OpId::all_finite, {0}, {}},
      {OpId::convolution, {0}, {}, true},
      {OpId::convolution_input_gradient, {0}, {}, true},
      {OpId::convolution_kernel_gradient, {0, 1}, {}, true},
  };
  const auto found = std::find_if(forms.begin(), forms.end(), [&](const HalfForm& form) { return is_op(op, form.op); });
  return found == forms.end() ? nullptr : &*found;
}

}  // namespace gradmill
