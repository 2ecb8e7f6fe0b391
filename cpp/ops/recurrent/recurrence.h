// The attributes of recurrences over whole sequences.
#pragma once

namespace gradmill {

struct RecurrenceAttributes {
  bool backwards = false;  // from the last step to the first
};

struct RecurrenceBackAttributes {
  bool backwards = false;
  bool wants_x = true;  // whether the gradient of x is asked for
};

}  // namespace gradmill
