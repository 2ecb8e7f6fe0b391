#include "base/log.h"

#include <algorithm>
#include <cstdio>

#include "base/settings.h"

namespace gradmill {

bool log_enabled(const char* topic) {
  const auto& topics = settings().log_topics;
  return !topics.empty() && std::find(topics.begin(), topics.end(), topic) != topics.end();
}

void write_log(const char* topic, const std::string& line) {
  std::fprintf(stderr, "gradmill %s: %s\n", topic, line.c_str());
}

}  // namespace gradmill
