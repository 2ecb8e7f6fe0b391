// The attributes of recurrences over whole sequences.
#pragma once

namespace gradmill {

struct RecurrenceAttributes {
  bool backwards = false;   // from the last step to the first
  bool reset_after = true;  // of gru alone: the reset gate acts behind the product with the recurrent kernel
};

struct RecurrenceBackAttributes {
  bool backwards = false;
  bool wants_x = true;  // whether the gradient of x is asked for
  bool reset_after = true;
};

}  // namespace gradmill
