// How many workers small plans run on is found out by trying both.
#include "doctest/doctest.h"

#include "execute/worker_trials.h"

namespace gradmill {

// Steps until the first trial has ended, when a step takes so long on all workers and on one.
static int steps_of_trial(WorkerTrials& trials, double all, double one) {
  constexpr int workers = 4, most_steps = 1000;
  int steps = 0;
  while (trials.choice() == 0 && steps < most_steps) {
    const int chosen = trials.workers(workers);
    CHECK((chosen == 1 || chosen == workers));
    trials.note(1, chosen == 1 ? one : all, workers);
    ++steps;
  }
  return steps;
}

TEST_CASE("a trial chooses what is quicker") {
  WorkerTrials shared, alone;
  steps_of_trial(shared, 1.0, 1.1);
  CHECK(shared.choice() == 4);
  CHECK(shared.workers(4) == 4);
  steps_of_trial(alone, 1.0, 0.9);
  CHECK(alone.choice() == 1);
  CHECK(alone.workers(4) == 1);
}

TEST_CASE("a trial is short where one worker is far slower, and long where it is quicker") {
  WorkerTrials near, far, alone;
  const int usual = steps_of_trial(near, 1.0, 1.1);
  CHECK(3 * steps_of_trial(far, 1.0, 1.9) == usual);
  CHECK(far.choice() == 4);
  CHECK(steps_of_trial(alone, 1.9, 1.0) == usual);
}

}  // namespace gradmill
