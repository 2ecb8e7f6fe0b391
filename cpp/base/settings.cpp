#include "base/settings.h"

#include <cstdlib>

#include "base/error.h"

namespace gradmill {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> items;
  std::istringstream stream(list);
  for (std::string item; std::getline(stream, item, ',');) {
    if (!item.empty()) items.push_back(item);
  }
  return items;
}

// A malformed number is ignored: a library must not refuse to load over an environment variable.
int integer(const char* name, int otherwise) {
  const std::string value = environment(name);
  char* end = nullptr;
  const long number = std::strtol(value.c_str(), &end, 10);
  return value.empty() || *end != '\0' || number < 0 || number > 1 << 20 ? otherwise : static_cast<int>(number);
}

Settings from_environment() {
  Settings result;
  result.threads = integer("GRADMILL_THREADS", 0);
  result.instruction_set = environment("GRADMILL_ISA");
  result.disabled_passes = split(environment("GRADMILL_DISABLE_PASSES"));
  result.log_topics = split(environment("GRADMILL_LOG"));
  result.verify_passes = integer("GRADMILL_VERIFY", 0) != 0;
  result.check_nan = integer("GRADMILL_CHECK_NAN", 0) != 0;
  result.plan_cache_size = integer("GRADMILL_PLAN_CACHE", 64);
  result.kernel_tuning = integer("GRADMILL_TUNE", 0) != 0;
  result.preferred_kernel = environment("GRADMILL_PREFER_KERNEL");
  result.memory_limit_mebibytes = integer("GRADMILL_MEMORY_LIMIT", 0);
  return result;
}

}  // namespace

Settings& settings() {
  static Settings instance = from_environment();
  return instance;
}

}  // namespace gradmill
