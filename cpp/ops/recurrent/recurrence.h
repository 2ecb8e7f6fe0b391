// The attributes of recurrences over whole sequences.
#pragma once

namespace gradmill {

struct RecurrenceAttributes {
  bool backwards = false;  // from the last step to the first
};

}  // namespace gradmill
