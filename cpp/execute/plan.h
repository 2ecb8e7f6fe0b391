// A compiled step: a flat list of kernel calls with bound pointers. Workers run the list in lockstep, each its share of
// every call, and meet only where one step needs what another worker wrote.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "execute/arena_pool.h"
#include "execute/chain.h"
#include "execute/worker_trials.h"
#include "graph/graph.h"
#include "ops/prepare.h"
#include "passes/pipeline.h"
#include "passes/plan_memory.h"
#include "runtime/parallel.h"

namespace gradmill {

struct Step {
  std::unique_ptr<PreparedKernel> kernel;
  int first_buffer = 0;       // into the plan's table of pointers: inputs, then outputs
  size_t scratch_offset = 0;  // shared scratch in the arena
  bool barrier_before = false;
  bool alone = false;         // too small to share: one worker runs all of it
  bool handed_out = false;    // so large that workers take units as they come, not each its share
  int owner = 0;              // and this one, if there are so many, else the first
  std::vector<const Node*> nodes;  // one, or the members of a chain
  std::unique_ptr<Chain> chain;
  std::vector<ValuePointer> inputs, outputs;  // the buffers
};

// Loops over many batches gather the next one while a step works on the one before.
constexpr size_t batches_held = 2;
// A parallel region costs some microseconds; there must be this much work for each worker to gain from it.
constexpr double operations_per_worker = 20e3;
// Plans with more work than this gain from all workers whatever happens.
constexpr double operations_beyond_doubt = 50e6;

// The elementwise work fused into a node, or null.
TileGroupPointer group_of(const Node& node);

class Plan {
 public:
  // Compiles the graph. Throws the errors of the ops and UnsupportedError when a kernel is missing.
  explicit Plan(std::unique_ptr<Graph> graph, PassSet passes = PassSet::all);
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  // One step. Throws ShapeError or DTypeError when an input differs from what was traced, NonFiniteError in NaN check mode.
  std::vector<Tensor> run(const std::vector<Tensor>& inputs);

  // For a loop that runs many steps: bind once, then let every worker call run_share for every step, with a barrier
  // between steps; align before the number of workers changes. There may be several sets of inputs, to be filled in turn; `set` says which one a step reads.
  void bind(const std::vector<std::vector<void*>>& input_sets, const std::vector<void*>& outputs, int workers);
  void align(int workers);
  void run_share(int worker, int workers, SpinBarrier& barrier, int set = 0);
  // After the last step of a loop: variables get a new identity, and other plans may use the arena.
  void finish();
  // What one thread needs to run the plan, whatever other threads do with it.
  struct Frame {
    std::vector<void*> table;
    std::shared_ptr<Storage> memory;
  };
  // The frame is the caller's until it is kept for others; both from any thread.
  std::unique_ptr<Frame> take_frame();
  void keep_frame(std::unique_ptr<Frame> frame);
  // The values of the states, for as long as the caller keeps them.
  std::vector<Tensor> state_values() const;
  // One step on this thread, of a plan that changes no variable.
  void run_frame(Frame& frame, const std::vector<void*>& inputs, const std::vector<void*>& outputs,
                 const std::vector<Tensor>& states) const;
  // Runs one step on this thread and looks at every result. Throws NonFiniteError naming layer, op and step.
  void run_checked(int64_t step);
  std::mutex& mutex() { return mutex_; }

  const Graph& graph() const { return *graph_; }
  double operations() const { return operations_; }
  // Of all that was traced, by the direct method, whatever passes and kernels save of it.
  double multiply_adds() const { return direct_multiply_adds_; }
  // Threads that pay for this plan, from the amount of its work.
  int useful_workers() const;
  size_t arena_bytes() const { return memory_.arena_bytes; }
  // Of the arena with scratch for so many workers behind it.
  size_t shared_bytes(int workers) const { return memory_.arena_bytes + worker_scratch_bytes_ * static_cast<size_t>(workers); }
  // Of the inputs of all batches that are held at a time.
  size_t batch_bytes() const;
  // Bytes of everything the plan touches: arena, scratch, states, constants, inputs and outputs.
  size_t planned_bytes() const;
  // Those of them that would have to be allocated to run it now: no states, and no arena where an idle one will do.
  size_t missing_bytes() const;
  int kernel_calls() const { return static_cast<int>(steps_.size()); }
  int barriers() const;

  // One line a step: number, layer, op, kernel, types, arena place, units; totals at the end.
  std::string describe() const;
  // What each op of each step is and does, in the words of execute/costs.h; the members of a chain have one row each.
  struct Costs {
    int step;
    std::string op, layer, role, kernel;
    double multiply_adds, kernel_multiply_adds, bytes;
  };
  std::vector<Costs> costs() const;
  // A stretch of the arena and the steps, both included, in which it holds a value or the scratch of a step; `op` and
  // `layer` are those of the node that makes the value. Where a value takes over the memory of another, that one ends.
  struct Buffer {
    std::string op, layer;
    size_t offset, bytes;
    int first, last;
  };
  std::vector<Buffer> buffers() const;
  // The mean seconds of each row of costs() over `repeats` runs of the whole plan on the inputs given. The members of a
  // chain share its time as the workers spent it.
  std::vector<double> profile(const std::vector<Tensor>& inputs, int repeats);

 private:
  void lower();
  void find_barriers();
  void bind_states();
  void run_final_copies();
  void run_step(size_t number, int worker, int workers, SpinBarrier& barrier, int set = 0);
  void run_units(size_t step, KernelCall& call, int worker, int workers);
  void check_inputs(const std::vector<Tensor>& inputs) const;
  void ensure_memory(int workers);
  static void* pointer(const Location& location, const std::vector<void*>& inputs, const std::vector<void*>& outputs,
                       const std::vector<Tensor>& states, char* arena);
  void* pointer(const Location& location, int set = 0) const;
  void check_finite(const Step& step, int64_t number) const;

  std::unique_ptr<Graph> graph_;
  MemoryPlan memory_;
  std::vector<Step> steps_;
  std::vector<Location> table_places_;  // what each entry of the pointer table refers to
  std::vector<std::vector<void*>> tables_;  // one for each set of inputs
  std::shared_ptr<Arena> arena_;
  // How many runs each worker has begun, and for each step what is handed out next: a run in the upper half, a unit below.
  struct alignas(64) Count { uint32_t runs = 0; };
  std::vector<Count> counts_;
  struct alignas(64) Ticket { std::atomic<uint64_t> next{0}; };
  std::unique_ptr<Ticket[]> tickets_;
  size_t worker_scratch_bytes_ = 0;
  std::vector<Tensor> state_memory_;
  std::vector<std::vector<void*>> input_sets_;
  std::vector<void*> outputs_;
  std::vector<std::unique_ptr<Frame>> idle_frames_;
  std::mutex frames_mutex_;
  double operations_ = 0, direct_multiply_adds_ = 0;
  std::mutex mutex_;
  WorkerTrials trials_;  // of single runs
};

}  // namespace gradmill
