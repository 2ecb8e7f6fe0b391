// "Did you mean ...?" for unknown names.
#pragma once

#include <string>
#include <vector>

namespace gradmill {

// The known name with the smallest edit distance, or empty when none is near.
std::string nearest_name(const std::string& name, const std::vector<std::string>& known);

// "; did you mean 'x'?" or "; expected one of a, b, c".
std::string did_you_mean(const std::string& name, const std::vector<std::string>& known);

}  // namespace gradmill
