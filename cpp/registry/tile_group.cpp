#include "registry/tile_group.h"

#include "base/error.h"
#include "registry/registry.h"

namespace gradmill {
namespace {

std::string names(const std::vector<int>& values) {
  std::string result;
  for (int value : values) result += text(result.empty() ? "%" : ", %", value);
  return "(" + result + ")";
}

}  // namespace

int TileGroup::add_value(const TensorType& type) {
  values.push_back({type, false, 0, 0});
  return static_cast<int>(values.size()) - 1;
}

std::string listing(const TileGroup& group) {
  std::vector<bool> computed(group.values.size(), false);
  std::string steps, others;
  for (const auto& step : group.steps) {
    computed[step.output] = true;
    const std::string attributes = to_string(step.attributes);
    steps += text(steps.empty() ? "" : "; ", "%", step.output, ": ", group.values[step.output].type, " = ",
                  catalogue_row(step.op).name, names(step.inputs), attributes.empty() ? "" : " {" + attributes + "}");
  }
  for (size_t i = 0; i < group.values.size(); ++i) {
    const auto& value = group.values[i];
    if (computed[i]) continue;
    others += text(others.empty() ? "%" : ", %", i, ": ", value.type);
    if (value.is_constant && is_float(value.type.dtype)) others += " = " + number_text(value.constant);
    if (value.is_constant && !is_float(value.type.dtype)) others += text(" = ", value.integer);
  }
  return text("tile", group.shape, " [", others, "] ", names(group.inputs), " {", steps, "} -> ", names(group.outputs));
}

}  // namespace gradmill
