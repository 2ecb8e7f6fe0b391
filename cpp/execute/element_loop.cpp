#include "execute/element_loop.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <mutex>

#include "base/settings.h"
#include "runtime/crew.h"

namespace gradmill {
namespace {

// Work of a plan (operations) from which the steps of a single element are shared by all workers.
constexpr double operations_worth_sharing_steps = 4e6;
// How often a worker asks for elements.
constexpr int64_t portions_per_worker = 8;

void check(const Plan& plan, const ElementBlock& block) {
  const Graph& graph = plan.graph();
  if (!graph.updates.empty()) throw ArgumentError("elements: the plan changes variables");
  if (block.sources.size() + block.seeds.size() != graph.inputs.size() || block.outputs.size() != graph.outputs.size()) {
    throw ArgumentError(text("elements: expected ", graph.inputs.size(), " inputs and ", graph.outputs.size(),
                             " outputs; received ", block.sources.size() + block.seeds.size(), " and ", block.outputs.size()));
  }
  for (size_t i = 0; i < block.sources.size(); ++i) {
    if (block.sources[i].dtype != graph.inputs[i]->type.dtype) {
      throw DTypeError(text("elements: input ", i, " was traced as ", name_of(graph.inputs[i]->type.dtype), "; received ",
                            name_of(block.sources[i].dtype)));
    }
  }
  for (size_t i = block.sources.size(); i < graph.inputs.size(); ++i) {
    const TensorType& type = graph.inputs[i]->type;
    if (type.dtype != DType::int64 || type.elements() != 2) throw ShapeError(text("elements: input ", i, " is no key: ", type));
  }
}

// The places of one element after another: what a worker reads and writes.
class Places {
 public:
  Places(const Plan& plan, const ElementBlock& block)
      : block_(block), inputs(plan.graph().inputs.size()), outputs(block.outputs.size()), keys_(block.seeds.size()) {
    for (const auto& output : plan.graph().outputs) output_bytes_.push_back(output->type.bytes());
    for (size_t i = 0; i < keys_.size(); ++i) {
      keys_[i][0] = block.seeds[i];
      inputs[block.sources.size() + i] = keys_[i].data();
    }
  }

  void move_to(int64_t element) {
    const int64_t row = block_.order ? block_.order[element] : element;
    for (size_t i = 0; i < block_.sources.size(); ++i) {
      inputs[i] = const_cast<char*>(block_.sources[i].data) + row * block_.sources[i].row_stride;
    }
    for (auto& key : keys_) key[1] = block_.counter + element * block_.counter_step;
    for (size_t i = 0; i < outputs.size(); ++i) {
      outputs[i] = block_.outputs[i] + static_cast<size_t>(element) * output_bytes_[i];
    }
  }

 private:
  const ElementBlock& block_;

 public:
  std::vector<void*> inputs, outputs;

 private:
  std::vector<std::array<int64_t, 2>> keys_;
  std::vector<size_t> output_bytes_;
};

// All workers at one element.
void run_each_by_all(Plan& plan, const ElementBlock& block, int workers) {
  Places places(plan, block);
  SpinBarrier barrier(workers);
  for (int64_t element = 0; element < block.count; ++element) {
    places.move_to(element);
    plan.bind({places.inputs}, places.outputs, workers);
    if (settings().check_nan) {
      try {
        plan.run_checked(element);
      } catch (...) {
        plan.finish();
        throw;
      }
    } else {
      run_lockstep(workers, [&](int worker) { plan.run_share(worker, workers, barrier); });
    }
    plan.finish();
  }
}

// Each worker at elements of its own.
void run_each_by_one(Plan& plan, const ElementBlock& block, int workers) {
  const std::vector<Tensor> states = plan.state_values();
  const int64_t portion = std::max<int64_t>(1, block.count / (portions_per_worker * workers));
  std::atomic<int64_t> next{0};
  std::mutex failing;
  std::exception_ptr failure;
  run_with_helpers(workers - 1, [&] {
    try {
      Places places(plan, block);
      std::unique_ptr<Plan::Frame> frame = plan.take_frame();
      for (int64_t begin = next.fetch_add(portion); begin < block.count; begin = next.fetch_add(portion)) {
        for (int64_t element = begin; element < std::min(begin + portion, block.count); ++element) {
          places.move_to(element);
          plan.run_frame(*frame, places.inputs, places.outputs, states);
        }
      }
      plan.keep_frame(std::move(frame));
    } catch (...) {
      next = block.count;
      const std::lock_guard<std::mutex> lock(failing);
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

void run_elements(Plan& plan, const ElementBlock& block, int workers) {
  check(plan, block);
  const bool large = plan.operations() >= operations_worth_sharing_steps;
  if (settings().check_nan || (large && block.count == 1)) {
    const std::lock_guard<std::mutex> lock(plan.mutex());
    run_each_by_all(plan, block, settings().check_nan ? 1 : lockstep_workers(plan.useful_workers()));
  } else if (block.count > 0) {
    const double useful = plan.operations() * static_cast<double>(block.count) / operations_per_worker;
    const double most = std::min({useful, static_cast<double>(block.count), static_cast<double>(thread_count())});
    run_each_by_one(plan, block, std::clamp(static_cast<int>(most), 1, workers));
  }
}

}  // namespace gradmill
