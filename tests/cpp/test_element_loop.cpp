// A plan over many elements, alone and with helpers, from one thread and from several: same bits, each element once, and
// under the thread sanitizer no race.
#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

#include "doctest/doctest.h"
#include "eager_fixture.h"
#include "execute/element_loop.h"
#include "graph/parse_text.h"
#include "runtime/crew.h"
#include "runtime/parallel.h"

using namespace gradmill;

namespace {

constexpr int64_t elements = 500, size = 300;

const char* const augmentation = R"(
in0: input uint8(300,)
in1: input int64()
in2: input int64(2,)
x: float32(300,) = cast(in0) {dtype=float32}
noise: float32(300,) = random_uniform(in2) {shape=[300], dtype=float32}
y: float32(300,) = add(x, noise)
total: float32() = sum(y)
return y
return in1
return total
)";

struct Results {
  std::vector<float> y = std::vector<float>(elements * size), totals = std::vector<float>(elements);
  std::vector<int64_t> labels = std::vector<int64_t>(elements);
};

Results run_with(Plan& plan, int workers) {
  std::vector<uint8_t> images(elements * size);
  for (size_t i = 0; i < images.size(); ++i) images[i] = static_cast<uint8_t>(i * 7 % 251);
  std::vector<int64_t> labels(elements), order(elements);
  std::iota(labels.begin(), labels.end(), 0);
  for (int64_t i = 0; i < elements; ++i) order[static_cast<size_t>(i)] = elements - 1 - i;
  Results results;
  ElementBlock block;
  block.sources = {{reinterpret_cast<const char*>(images.data()), DType::uint8, elements, size},
                   {reinterpret_cast<const char*>(labels.data()), DType::int64, elements, 8}};
  block.order = order.data();
  block.count = elements;
  block.seeds = {5};
  block.counter_step = 16;
  block.outputs = {reinterpret_cast<char*>(results.y.data()), reinterpret_cast<char*>(results.labels.data()),
                   reinterpret_cast<char*>(results.totals.data())};
  run_elements(plan, block, workers);
  return results;
}

}  // namespace

TEST_CASE_FIXTURE(Eager, "elements are the same for any number of workers, and from several threads at once") {
  set_thread_count(4);
  Plan plan(parse_graph(augmentation));
  const Results alone = run_with(plan, 1);
  for (int64_t i = 0; i < elements; ++i) CHECK(alone.labels[static_cast<size_t>(i)] == elements - 1 - i);
  std::vector<Results> others(3);
  std::vector<std::thread> threads;
  for (Results& results : others) threads.emplace_back([&] { results = run_with(plan, 4); });
  for (std::thread& thread : threads) thread.join();
  for (const Results& results : others) {
    CHECK(results.y == alone.y);
    CHECK(results.totals == alone.totals);
    CHECK(results.labels == alone.labels);
  }
  set_thread_count(0);
}

TEST_CASE("work with helpers is done when the call returns") {
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> next{0};
    std::vector<int> done(50, 0);
    run_with_helpers(round % 4, [&] {
      for (int piece = next++; piece < 50; piece = next++) ++done[static_cast<size_t>(piece)];
    });
    CHECK(std::accumulate(done.begin(), done.end(), 0) == 50);
  }
}
