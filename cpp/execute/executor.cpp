// Runs plans.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>

#include "base/check.h"
#include "base/settings.h"
#include "execute/plan.h"
#include "runtime/scratch.h"
#include "tensor/finite.h"

namespace gradmill {
namespace {

// Before a single run the others sleep, and waking them costs tens of microseconds, on a busy machine milliseconds.
constexpr double operations_worth_waking = 400e3;
// How often a worker asks for units that are handed out.
constexpr int64_t portions_per_worker = 8;

}  // namespace

int Plan::useful_workers() const {
  const double workers = operations_ / operations_per_worker;
  const int limit = thread_count();
  return workers >= limit ? limit : std::max(1, static_cast<int>(workers));
}

void* Plan::pointer(const Location& location, const std::vector<void*>& inputs, const std::vector<void*>& outputs,
                    const std::vector<Tensor>& states, char* arena) {
  switch (location.place) {
    case Place::arena: return arena + location.offset;
    case Place::input: return inputs[location.index];
    case Place::state: return states[location.index].raw();
    case Place::output: return outputs[location.index];
    case Place::constant: return static_cast<const Value*>(location.root)->constant.raw();
  }
  return nullptr;
}

void* Plan::pointer(const Location& location, int set) const {
  return pointer(location, input_sets_[set], outputs_, state_memory_, arena_->storage->data());
}

void Plan::ensure_memory(int workers) {
  arena_ = take_arena(shared_bytes(workers));
}

void Plan::bind_states() {
  state_memory_.clear();
  std::vector<bool> written(graph_->states.size(), false);
  for (const auto& update : graph_->updates) written[update.state] = true;
  for (size_t i = 0; i < graph_->variables.size(); ++i) {
    state_memory_.push_back(written[i] ? graph_->variables[i]->exclusive_memory() : graph_->variables[i]->value().tensor());
  }
}

// The variables own the memory; the plan must not keep it alive, or the next assignment would copy. The arena is kept
// for the next run, unless another plan works in it then.
void Plan::finish() {
  state_memory_.clear();
  give_back(arena_);
}

void Plan::bind(const std::vector<std::vector<void*>>& input_sets, const std::vector<void*>& outputs, int workers) {
  align(workers);
  bind_states();
  ensure_memory(workers);
  input_sets_ = input_sets;
  outputs_ = outputs;
  tables_.assign(input_sets.size(), std::vector<void*>(table_places_.size()));
  for (size_t set = 0; set < input_sets.size(); ++set) {
    for (size_t i = 0; i < table_places_.size(); ++i) {
      tables_[set][i] = pointer(table_places_[i], static_cast<int>(set));
    }
  }
}

// All workers count runs alike from here on.
void Plan::align(int workers) {
  counts_.resize(std::max(counts_.size(), static_cast<size_t>(workers)));
  uint32_t most = 0;
  for (const Count& count : counts_) most = std::max(most, count.runs);
  for (Count& count : counts_) count.runs = most;
}

// The units of one phase that this worker comes to do: its share, or what is left when it asks.
void Plan::run_units(size_t step, KernelCall& call, int worker, int workers) {
  const KernelPlan& plan = steps_[step].kernel->plan;
  const int64_t units = plan.units[call.phase];
  if (workers == 1 || !steps_[step].handed_out) {
    const UnitRange share = share_of(units, worker, workers);
    call.begin = share.begin;
    call.end = share.end;
    if (call.begin < call.end) plan.run(call);
    return;
  }
  const int64_t small = std::max(units / (portions_per_worker * workers), plan.neighbours);
  const int64_t portion = std::max<int64_t>(1, std::min(small, units / workers));
  std::atomic<uint64_t>& next = tickets_[step * kernel_max_phases + static_cast<size_t>(call.phase)].next;
  const uint64_t run = static_cast<uint64_t>(counts_[worker].runs) << 32;
  for (uint64_t seen = next.load(std::memory_order_relaxed);;) {
    const int64_t begin = (seen >> 32) == (run >> 32) ? static_cast<int64_t>(seen & UINT32_MAX) : 0;
    if (begin >= units) return;
    const int64_t end = std::min(begin + portion, units);
    if (!next.compare_exchange_weak(seen, run | static_cast<uint64_t>(end), std::memory_order_relaxed)) continue;
    call.begin = begin;
    call.end = end;
    plan.run(call);
    seen = next.load(std::memory_order_relaxed);
  }
}

void Plan::run_step(size_t number, int worker, int workers, SpinBarrier& barrier, int set) {
  const Step& step = steps_[number];
  const KernelPlan& plan = step.kernel->plan;
  KernelCall call{tables_[set].data() + step.first_buffer, arena_->storage->data() + step.scratch_offset,
                  arena_->storage->data() + shared_bytes(worker), plan.parameters, 0, 0, 0};
  if (step.alone) {
    if (worker != (step.owner < workers ? step.owner : 0)) return;
    for (call.phase = 0; call.phase < plan.phases; ++call.phase) {
      call.end = plan.units[call.phase];
      plan.run(call);
    }
    return;
  }
  for (call.phase = 0; call.phase < plan.phases; ++call.phase) {
    if (call.phase > 0 && workers > 1) barrier.wait();
    run_units(number, call, worker, workers);
  }
}

void Plan::run_share(int worker, int workers, SpinBarrier& barrier, int set) {
  ++counts_[worker].runs;
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i].barrier_before && workers > 1) barrier.wait();
    run_step(i, worker, workers, barrier, set);
  }
  if (memory_.final_copies.empty()) return;
  if (workers > 1) barrier.wait();
  if (worker == 0) run_final_copies();
}

void Plan::run_final_copies() {
  // Outputs first: they may show a state as it was before the step. States that exchange values go through a copy.
  std::vector<std::pair<int, Tensor>> staged;
  for (const FinalCopy& copy : memory_.final_copies) {
    const void* from = pointer(memory_.locations.at(copy.from));
    if (copy.to == Place::output) {
      std::memcpy(outputs_[copy.index], from, copy.from->type.bytes());
    } else {
      Tensor value = Tensor::empty(copy.from->type);
      std::memcpy(value.raw(), from, copy.from->type.bytes());
      staged.emplace_back(copy.index, std::move(value));
    }
  }
  for (const auto& [index, value] : staged) std::memcpy(state_memory_[index].raw(), value.raw(), value.type.bytes());
}

std::unique_ptr<Plan::Frame> Plan::take_frame() {
  {
    const std::lock_guard<std::mutex> lock(frames_mutex_);
    if (!idle_frames_.empty()) {
      std::unique_ptr<Frame> frame = std::move(idle_frames_.back());
      idle_frames_.pop_back();
      return frame;
    }
  }
  return std::make_unique<Frame>(Frame{std::vector<void*>(table_places_.size()),
                                       Storage::allocate(shared_bytes(1))});
}

void Plan::keep_frame(std::unique_ptr<Frame> frame) {
  const std::lock_guard<std::mutex> lock(frames_mutex_);
  idle_frames_.push_back(std::move(frame));
}

std::vector<Tensor> Plan::state_values() const {
  std::vector<Tensor> values;
  for (const auto& variable : graph_->variables) values.push_back(variable->value().tensor());
  return values;
}

void Plan::run_frame(Frame& frame, const std::vector<void*>& inputs, const std::vector<void*>& outputs,
                     const std::vector<Tensor>& states) const {
  char* const arena = frame.memory->data();
  for (size_t i = 0; i < table_places_.size(); ++i) frame.table[i] = pointer(table_places_[i], inputs, outputs, states, arena);
  for (const Step& step : steps_) {
    const KernelPlan& plan = step.kernel->plan;
    KernelCall call{frame.table.data() + step.first_buffer, arena + step.scratch_offset, arena + memory_.arena_bytes,
                    plan.parameters, 0, 0, 0};
    for (call.phase = 0; call.phase < plan.phases; ++call.phase) {
      call.end = plan.units[call.phase];
      plan.run(call);
    }
  }
  for (const FinalCopy& copy : memory_.final_copies) {
    const void* from = pointer(memory_.locations.at(copy.from), inputs, outputs, states, arena);
    std::memcpy(outputs[copy.index], from, copy.from->type.bytes());
  }
}

void Plan::check_finite(const Step& step, int64_t number) const {
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    const Node& node = *step.outputs[i]->producer;
    const TensorType& type = step.outputs[i]->type;
    const int64_t at = first_not_finite(type, tables_[0][step.first_buffer + static_cast<int>(step.inputs.size() + i)]);
    if (at < 0) continue;
    const TileGroupPointer group = group_of(node);
    throw NonFiniteError(text("NaN check: step ", number, ", layer '", node.scope.empty() ? "(none)" : node.scope, "', op ",
                              node.op->name(), group ? " (" + to_string(*group) + ")" : "", ": element ", at,
                              " of the result ", type, " is not finite; look at the inputs, the learning rate and the loss"));
  }
}

void Plan::run_checked(int64_t number) {
  SpinBarrier barrier(1);
  for (size_t i = 0; i < steps_.size(); ++i) {
    run_step(i, 0, 1, barrier);
    check_finite(steps_[i], number);
  }
  if (!memory_.final_copies.empty()) run_final_copies();
}

void Plan::check_inputs(const std::vector<Tensor>& inputs) const {
  if (inputs.size() != graph_->inputs.size()) {
    throw ArgumentError(text("plan: expected ", graph_->inputs.size(), " inputs; received ", inputs.size()));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorType& expected = graph_->inputs[i]->type;
    if (inputs[i].type.shape != expected.shape) {
      throw ShapeError(text("plan: input ", i, " was traced with shape ", expected.shape, "; received ", inputs[i].type.shape));
    }
    if (inputs[i].type.dtype != expected.dtype) {
      throw DTypeError(text("plan: input ", i, " was traced as ", name_of(expected.dtype), "; received ",
                            name_of(inputs[i].type.dtype)));
    }
  }
}

std::vector<Tensor> Plan::run(const std::vector<Tensor>& inputs) {
  check_inputs(inputs);
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<void*> input_pointers, output_pointers;
  for (const Tensor& input : inputs) input_pointers.push_back(input.raw());
  std::vector<Tensor> outputs;
  for (const auto& output : graph_->outputs) {
    outputs.push_back(Tensor::empty(output->type));
    output_pointers.push_back(outputs.back().raw());
  }
  const bool alone = settings().check_nan || operations_ < operations_worth_waking;
  const int most = alone ? 1 : lockstep_workers(useful_workers());
  const bool uncertain = most > 1 && operations_ < operations_beyond_doubt;
  const int workers = uncertain ? trials_.workers(most) : most;
  bind({input_pointers}, output_pointers, workers);
  if (settings().check_nan) {
    try {
      run_checked(0);
    } catch (...) {
      finish();
      throw;
    }
  } else {
    const auto start = std::chrono::steady_clock::now();
    SpinBarrier barrier(workers);
    run_lockstep(workers, [&](int worker) { run_share(worker, workers, barrier); });
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (uncertain) trials_.note(1, elapsed.count(), most);
  }
  finish();
  return outputs;
}

std::vector<double> Plan::profile(const std::vector<Tensor>& inputs, int repeats) {
  check_inputs(inputs);
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<void*> input_pointers, output_pointers;
  for (const Tensor& input : inputs) input_pointers.push_back(input.raw());
  std::vector<Tensor> outputs;
  for (const auto& output : graph_->outputs) {
    outputs.push_back(Tensor::empty(output->type));
    output_pointers.push_back(outputs.back().raw());
  }
  const int workers = lockstep_workers(useful_workers());
  bind({input_pointers}, output_pointers, workers);
  // The profile must not train: states are put back afterwards.
  std::vector<Tensor> saved;
  for (const Tensor& state : state_memory_) saved.push_back(state.clone());
  for (Step& step : steps_) {
    if (step.chain) step.chain->start_timing();
  }
  std::vector<double> seconds(steps_.size(), 0);
  SpinBarrier barrier(workers);
  run_lockstep(workers, [&](int worker) {
    for (int repeat = 0; repeat < repeats; ++repeat) {
      ++counts_[worker].runs;
      for (size_t i = 0; i < steps_.size(); ++i) {
        // Before the barrier: a worker that loses its core right behind it may find all work done by the others.
        const auto start = std::chrono::steady_clock::now();
        if (workers > 1) barrier.wait();
        run_step(i, worker, workers, barrier);
        if (workers > 1) barrier.wait();
        if (worker == 0) seconds[i] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      }
    }
  });
  for (size_t i = 0; i < saved.size(); ++i) std::memcpy(state_memory_[i].raw(), saved[i].raw(), saved[i].type.bytes());
  finish();
  std::vector<double> result;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const double mean = seconds[i] / repeats;
    const std::vector<int64_t> parts = steps_[i].chain ? steps_[i].chain->stop_timing() : std::vector<int64_t>{1};
    const double all = std::max(1.0, std::accumulate(parts.begin(), parts.end(), 0.0));
    for (const int64_t part : parts) result.push_back(mean * static_cast<double>(part) / all);
  }
  return result;
}

}  // namespace gradmill
