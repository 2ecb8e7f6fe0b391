#include "ops/convolution/candidates.h"

#include <time.h>

#include <algorithm>
#include <limits>
#include <mutex>

#include "base/log.h"
#include "base/settings.h"
#include "ops/convolution/convolution.h"
#include "registry/dispatch.h"
#include "registry/kernel_run.h"
#include "runtime/tuning_cache.h"
#include "tensor/tensor.h"

namespace gradmill {
namespace {

// Smaller problems are left to the rule: little can be gained.
constexpr double fewest_multiplications = 2.5e6;
// A measurement takes as many images as make this much work and so many pixels: kernels whose cost is partly one for the
// whole batch need both to show what they do on more.
constexpr double measured_multiplications = 0.25e9;
constexpr int64_t measured_pixels = 1024;
// Candidates this much slower than the best in their first run are out.
constexpr double hopeless = 1.4;
constexpr int measured_runs = 5;
// From here on no candidate is run again.
constexpr double seconds_enough = 0.15;
// Runs differ by some percent on a busy machine: the choice by rule stays unless another takes this share of its time.
constexpr double worthwhile = 0.92;

// The op on some number of images, without an epilogue.
struct Measurement {
  std::vector<TensorType> types;  // inputs, then the output
  Attributes attributes;
  std::vector<BufferType> buffers;

  KernelProblem problem() const { return {2, 1, buffers.data(), buffers.data() + 2, attributes.data(), nullptr}; }
};

Measurement on_images(const OpDef& op, const Attributes& attributes, const std::vector<TensorType>& inputs, int64_t images) {
  Measurement result;
  ConvolutionAttributes plain = attributes.as<ConvolutionAttributes>();
  plain.epilogue = nullptr;
  result.attributes = Attributes::of(std::move(plain)).with_schema(&op.signature.schema());
  result.types = {inputs[0], inputs[1]};
  result.types[0].shape.set(0, images);
  if (is_op(op, OpId::convolution_kernel_gradient)) result.types[1].shape.set(0, images);
  result.types.push_back(infer_types(op, result.types, result.attributes)[0]);
  for (const TensorType& type : result.types) result.buffers.push_back(buffer_type(type));
  return result;
}

// What one image costs: pixels of the forward convolution's result, and multiplications of the direct method.
struct ImageCosts {
  int64_t pixels;
  double multiplications;
};

ImageCosts costs_of_image(const OpDef& op, const Measurement& one) {
  const bool of_kernel = is_op(op, OpId::convolution_kernel_gradient);
  const TensorType& result = one.types[is_op(op, OpId::convolution) ? 2 : of_kernel ? 1 : 0];
  const TensorType& kernel = one.types[of_kernel ? 2 : 1];
  const int64_t pixels = result.elements() / result.shape.back();
  return {pixels, static_cast<double>(pixels) * static_cast<double>(kernel.elements())};
}

int64_t images_to_measure(const ImageCosts& one, int64_t batch) {
  int64_t images = 1;
  while (images * one.pixels < measured_pixels || static_cast<double>(images) * one.multiplications < measured_multiplications) {
    if (images >= batch) return batch;
    images *= 2;
  }
  return std::min(images, batch);
}

// Those that can do it. The last of a list is for what nothing else does.
std::vector<const Kernel*> candidates_for(const OpDef& op, const KernelProblem& problem) {
  const KernelList& list = kernels_of(op.id);
  std::vector<const Kernel*> candidates;
  for (int i = 0; i + 1 < list.count; ++i) {
    if (takes(*list.items[i], problem)) candidates.push_back(list.items[i]);
  }
  return candidates;
}

// Processor time of this thread, which other work on the machine changes less than the time on the wall.
double seconds_of_thread() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Contender {
  const Kernel* kernel;
  KernelPlan plan;
  double seconds;

  // On one worker, so that the choice, and with it the result, is the same for any number of threads.
  void run(void* const* buffers, char* scratch) {
    const double start = seconds_of_thread();
    run_kernel(plan, buffers, 1, scratch);
    seconds = std::min(seconds, seconds_of_thread() - start);
  }
};

const Kernel& fastest(const std::vector<const Kernel*>& candidates, const Kernel& by_rule, const Measurement& measurement,
                      const std::string& key) {
  std::vector<Contender> contenders;
  size_t scratch_size = 0;
  for (const Kernel* kernel : candidates) {
    contenders.push_back({kernel, KernelPlan{}, std::numeric_limits<double>::infinity()});
    Contender& contender = contenders.back();
    kernel->prepare(measurement.problem(), contender.plan);
    scratch_size = std::max(scratch_size, scratch_bytes(contender.plan, 1));
  }
  // Memory is written to first, so that no run meets fresh pages. Ones are as good as other numbers.
  std::vector<Tensor> tensors;
  std::vector<void*> buffers;
  for (const TensorType& type : measurement.types) {
    tensors.push_back(Tensor::empty(type));
    buffers.push_back(tensors.back().raw());
    if (type.dtype == DType::float32) std::fill_n(tensors.back().data<float>(), type.elements(), 1.0f);
    else std::fill_n(tensors.back().data<double>(), type.elements(), 1.0);
  }
  const std::shared_ptr<Storage> scratch = Storage::allocate(scratch_size);
  std::fill_n(scratch->data(), scratch_size, '\0');
  const auto quicker = [](const Contender& a, const Contender& b) { return a.seconds < b.seconds; };
  const double start = seconds_of_thread();
  for (int run = 0; run < measured_runs; ++run) {
    if (seconds_of_thread() - start > seconds_enough) break;
    const double best = std::min_element(contenders.begin(), contenders.end(), quicker)->seconds;
    for (Contender& contender : contenders) {
      if (run == 0 || contender.seconds <= hopeless * best) contender.run(buffers.data(), scratch->data());
    }
  }
  for (const Contender& each : contenders) GM_LOG("tuning", key, ": ", each.kernel->name, " ", each.seconds * 1e3, " ms");
  const Contender& best = *std::min_element(contenders.begin(), contenders.end(), quicker);
  const auto is_rule = [&](const Contender& each) { return each.kernel == &by_rule; };
  const auto rule = std::find_if(contenders.begin(), contenders.end(), is_rule);
  return rule != contenders.end() && best.seconds > worthwhile * rule->seconds ? by_rule : *best.kernel;
}

}  // namespace

bool is_convolution(const OpDef& op) {
  return is_op(op, OpId::convolution) || is_op(op, OpId::convolution_input_gradient) ||
         is_op(op, OpId::convolution_kernel_gradient);
}

const Kernel& choose_convolution_kernel(const OpDef& op, const Attributes& attributes,
                                        const std::vector<TensorType>& inputs, const KernelProblem& problem) {
  const std::vector<const Kernel*> candidates = candidates_for(op, problem);
  const bool measured = problem.inputs[0].dtype == DType::float32 || problem.inputs[0].dtype == DType::float64;
  if (!measured || !settings().kernel_tuning || !settings().preferred_kernel.empty() || candidates.size() < 2) {
    return choose_kernel(op.id, problem);
  }
  const int64_t batch = inputs[0].shape[0];
  const ImageCosts one = costs_of_image(op, on_images(op, attributes, inputs, 1));
  if (static_cast<double>(batch) * one.multiplications < fewest_multiplications) return choose_kernel(op.id, problem);
  const Measurement measurement = on_images(op, attributes, inputs, images_to_measure(one, batch));
  const std::string key = text(op.name(), " ", measurement.types[0], " ", measurement.types[1], " ",
                               to_string(measurement.attributes));
  static std::mutex one_at_a_time;
  const std::lock_guard<std::mutex> lock(one_at_a_time);
  const std::string known = cached_choice(key);
  for (const Kernel* kernel : candidates) {
    if (kernel->name == known) return *kernel;
  }
  const Kernel& kernel = fastest(candidates, choose_kernel(op.id, problem), measurement, key);
  cache_choice(key, kernel.name);
  return kernel;
}

}  // namespace gradmill
