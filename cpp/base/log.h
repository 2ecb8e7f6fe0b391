// Diagnostics that a user asks for with GRADMILL_LOG=topic,topic; silent otherwise.
#pragma once

#include <string>

#include "base/error.h"

namespace gradmill {

bool log_enabled(const char* topic);
void write_log(const char* topic, const std::string& line);

}  // namespace gradmill

// The arguments are evaluated only when the topic is on.
#define GM_LOG(topic, ...)                                                \
  do {                                                                    \
    if (::gradmill::log_enabled(topic)) {                                 \
      ::gradmill::write_log(topic, ::gradmill::text(__VA_ARGS__));        \
    }                                                                     \
  } while (false)
