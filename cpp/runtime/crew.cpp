#include "runtime/crew.h"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "runtime/parallel.h"

namespace gradmill {
namespace {

struct Job {
  FunctionRef<void()> body;
  int places;      // for helpers that may still come
  int active = 0;  // helpers at work
};

class Crew {
 public:
  void run(int helpers, FunctionRef<void()> body) {
    Job job{body, helpers};
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      hire(helpers);
      jobs_.push_back(&job);
    }
    wake_.notify_all();
    run_lockstep(1, [&](int) { body(); });
    std::unique_lock<std::mutex> lock(mutex_);
    jobs_.erase(std::find(jobs_.begin(), jobs_.end(), &job));
    left_.wait(lock, [&] { return job.active == 0; });
  }

 private:
  // With fewer than wanted, where the system allows no more, this thread does what they would have done.
  void hire(int helpers) {
    try {
      for (; threads_ < helpers; ++threads_) std::thread([this] { help(); }).detach();
    } catch (const std::system_error&) {
    }
  }

  void help() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      Job* job = nullptr;
      wake_.wait(lock, [&] { return (job = open_job()) != nullptr; });
      --job->places;
      ++job->active;
      lock.unlock();
      run_lockstep(1, [&](int) { job->body(); });
      lock.lock();
      --job->active;
      left_.notify_all();
    }
  }

  Job* open_job() const {
    for (Job* job : jobs_) {
      if (job->places > 0) return job;
    }
    return nullptr;
  }

  std::mutex mutex_;
  std::condition_variable wake_, left_;
  std::vector<Job*> jobs_;
  int threads_ = 0;
};

}  // namespace

void run_with_helpers(int helpers, FunctionRef<void()> body) {
  // Never destroyed: its threads sleep in it while the process ends. A forked child has none of them.
  static Crew* const crew = new Crew;
  static const pid_t owner = getpid();
  if (helpers <= 0 || getpid() != owner) return run_lockstep(1, [&](int) { body(); });
  crew->run(helpers, body);
}

}  // namespace gradmill
