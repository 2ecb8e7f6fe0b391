// Which number of workers is quicker for steps that are repeated: all, or one. Small steps on a busy machine lose more by
// waiting for each other than they gain. Results do not depend on the number, so it is found out by trying.
#pragma once

#include <cstdint>

namespace gradmill {

class WorkerTrials {
 public:
  // Workers for the steps that come next, of `most`, and how many steps to run before asking again.
  int workers(int most) const;
  int64_t stretch() const;
  // What those steps took.
  void note(int64_t steps, double seconds, int most);

  // Workers that the last trial chose; 0 before the first has ended.
  int choice() const { return choice_; }

 private:
  void end_turn(int most);

  bool in_trial_ = true;
  int choice_ = 0;
  // A trial gives both ways turns of some steps.
  int turn_ = 0;
  int64_t steps_ = 0;     // done in this turn
  double seconds_ = 0;    // spent in this turn
  double best_[2] = {1e30, 1e30};  // seconds a step: all workers, one worker
  int64_t since_trial_ = 0, between_trials_ = 0;  // steps
};

}  // namespace gradmill
