#include "execute/worker_trials.h"

#include <algorithm>

namespace gradmill {
namespace {

constexpr int64_t trial_steps = 12;  // of a turn
// Turns of a trial, half of them each way, so that one disturbance does not decide.
constexpr int trial_turns = 6;
// After one turn each way the trial ends if one worker takes so much longer than all.
constexpr double beyond_doubt = 1.25;
// Other programs come and go, so it tries again: soon after a choice that differs from the one before, which may have
// been an accident, and later and later while the choice stays the same.
constexpr int64_t least_steps_between_trials = 250, most_steps_between_trials = 4000;

}  // namespace

int WorkerTrials::workers(int most) const {
  if (in_trial_) return turn_ % 2 ? 1 : most;
  return std::min(choice_, most);
}

int64_t WorkerTrials::stretch() const { return in_trial_ ? trial_steps - steps_ : between_trials_ - since_trial_; }

void WorkerTrials::note(int64_t steps, double seconds, int most) {
  if (!in_trial_) {
    since_trial_ += steps;
    if (since_trial_ < between_trials_) return;
    in_trial_ = true;
    turn_ = 0;
    best_[0] = best_[1] = 1e30;
    return;
  }
  steps_ += steps;
  seconds_ += seconds;
  if (steps_ >= trial_steps) end_turn(most);
}

void WorkerTrials::end_turn(int most) {
  double& best = best_[turn_ % 2];
  best = std::min(best, seconds_ / static_cast<double>(steps_));
  steps_ = 0;
  seconds_ = 0;
  if (++turn_ < trial_turns && !(turn_ == 2 && best_[1] > beyond_doubt * best_[0])) return;
  const int choice = best_[1] < best_[0] ? 1 : most;
  between_trials_ = choice == choice_ ? std::min(2 * between_trials_, most_steps_between_trials) : least_steps_between_trials;
  choice_ = choice;
  in_trial_ = false;
  since_trial_ = 0;
}

}  // namespace gradmill
