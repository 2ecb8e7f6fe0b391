// Plans and the loop over batches on one and on several workers: same bits, and under the thread sanitizer no race
// between steps, between phases of a kernel, or between a step and the gathering of the next batch.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "doctest/doctest.h"
#include "eager_fixture.h"
#include "execute/batch_loop.h"
#include "graph/parse_text.h"
#include "runtime/parallel.h"

using namespace gradmill;

namespace {

constexpr int64_t batch = 48, features = 200, hidden = 96, classes = 10, rows = 480;

// A training step of two layers by hand: products with epilogues, their gradients, a reduction that runs in phases, sums
// over columns, and updates in place. The outputs are values before and after an update.
const char* const training_step = R"(
in0: input float32(48, 200)
in1: input float32(48, 10)
s0: state float32(200, 96) "hidden/kernel"
s1: state float32(96,) "hidden/bias"
s2: state float32(96, 10) "output/kernel"
c0: constant float32() 1e-05
p0: float32(48, 96) = matmul(in0, s0)
p1: float32(48, 96) = add(p0, s1)
h: float32(48, 96) = tanh(p1)
y: float32(48, 10) = matmul(h, s2)
d: float32(48, 10) = subtract(y, in1)
loss: float32() = sum(d)
g2: float32(96, 10) = matmul(h, d) {transpose_a=true}
u2: float32(96, 10) = multiply(g2, c0)
n2: float32(96, 10) = subtract(s2, u2)
dh: float32(48, 96) = matmul(d, s2) {transpose_b=true}
e: float32(48, 96) = multiply(dh, h)
g1: float32(96,) = sum(e) {axes=[0]}
u1: float32(96,) = multiply(g1, c0)
n1: float32(96,) = subtract(s1, u1)
g0: float32(200, 96) = matmul(in0, e) {transpose_a=true}
u0: float32(200, 96) = multiply(g0, c0)
n0: float32(200, 96) = subtract(s0, u0)
size: float32() = sum(n0)
s0 := n0
s1 := n1
s2 := n2
return loss
return s2
return size
)";

class Threads {
 public:
  explicit Threads(int count) { set_thread_count(count); }
  ~Threads() { set_thread_count(0); }
};

std::vector<float> random_floats(int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(generator);
  return values;
}

Tensor tensor_of(const TensorType& type, const std::vector<float>& values) {
  Tensor tensor = Tensor::empty(type);
  std::memcpy(tensor.raw(), values.data(), type.bytes());
  return tensor;
}

std::shared_ptr<Plan> make_plan() {
  auto graph = parse_graph(training_step);
  unsigned seed = 1;
  for (const VariablePointer& variable : graph->variables) {
    const TensorType type = variable->type();
    std::vector<float> values = random_floats(type.elements(), seed++);
    for (float& value : values) value *= 0.1f;
    variable->set_value(tensor_of(type, values));
  }
  return std::make_shared<Plan>(std::move(graph));
}

void append_bits(std::vector<char>& bits, const Tensor& tensor) {
  const char* from = static_cast<const char*>(tensor.raw());
  bits.insert(bits.end(), from, from + tensor.type.bytes());
}

// The last outputs, then the states.
std::vector<char> bits_of(const Plan& plan, const std::vector<Tensor>& outputs) {
  std::vector<char> bits;
  for (const Tensor& output : outputs) append_bits(bits, output);
  for (const VariablePointer& variable : plan.graph().variables) append_bits(bits, variable->value().tensor());
  return bits;
}

// Pictures are bytes and are converted while they are gathered; targets are copied.
std::vector<char> run_batch_loop(int workers, bool shuffled, bool in_stretches) {
  const Threads threads(workers);
  const auto plan = make_plan();
  std::vector<uint8_t> pictures(rows * features);
  for (size_t i = 0; i < pictures.size(); ++i) pictures[i] = static_cast<uint8_t>(i * 2654435761u >> 24 & 3);
  const std::vector<float> targets = random_floats(rows * classes, 9);
  BatchLoop loop(plan, {{reinterpret_cast<const char*>(pictures.data()), DType::uint8, rows, features},
                        {reinterpret_cast<const char*>(targets.data()), DType::float32, rows, classes * 4}});
  constexpr int64_t steps = rows / batch;
  std::vector<int64_t> order(rows);
  std::iota(order.begin(), order.end(), 0);
  if (shuffled) std::shuffle(order.begin(), order.end(), std::mt19937(4));
  for (int epoch = 0; epoch < 12; ++epoch) {
    for (int64_t step = 0; step < steps; step += in_stretches ? 3 : steps) {
      const int64_t count = in_stretches ? std::min<int64_t>(3, steps - step) : steps;
      loop.run(shuffled ? order.data() + step * batch : nullptr, step * batch, count, step);
    }
  }
  REQUIRE(std::isfinite(loop.outputs()[0].data<float>()[0]));
  return bits_of(*plan, loop.outputs());
}

}  // namespace

TEST_CASE_FIXTURE(Eager, "batch loop: any number of workers leaves the same bits") {
  for (const bool shuffled : {false, true}) {
    CAPTURE(shuffled);
    const std::vector<char> alone = run_batch_loop(1, shuffled, false);
    for (const int workers : {2, 3}) {
      CAPTURE(workers);
      CHECK(run_batch_loop(workers, shuffled, false) == alone);
      CHECK(run_batch_loop(workers, shuffled, true) == alone);
    }
  }
}

TEST_CASE_FIXTURE(Eager, "plans: any number of workers leaves the same bits") {
  const std::vector<float> pictures = random_floats(batch * features, 5), targets = random_floats(batch * classes, 6);
  const auto run = [&](int workers) {
    const Threads threads(workers);
    const auto plan = make_plan();
    REQUIRE(plan->useful_workers() == workers);
    REQUIRE(plan->barriers() > 0);
    std::vector<Tensor> outputs;
    for (int step = 0; step < 40; ++step) {
      outputs = plan->run({tensor_of({DType::float32, {batch, features}}, pictures),
                           tensor_of({DType::float32, {batch, classes}}, targets)});
    }
    return bits_of(*plan, outputs);
  };
  const std::vector<char> alone = run(1);
  CHECK(run(2) == alone);
  CHECK(run(3) == alone);
}
