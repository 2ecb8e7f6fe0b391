// The packed matrix products against a plain triple loop in double, at every instruction-set level that this machine
// can run: all small shapes around the sizes of the register blocks, every layout of the factors, with and without
// epilogue, and bit for bit equal however the units are shared out.
#include "doctest/doctest.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/cpu_features.h"

// The contract of cpu/gemm.h once for each level; that header itself can be seen for one level only.
namespace gradmill {
#define X(level)                                                                                                     \
  namespace isa_##level {                                                                                            \
  struct GemmProblem {                                                                                               \
    long m, n, k, a_row, a_col, b_row, b_col;                                                                        \
  };                                                                                                                 \
  struct GemmSplit {                                                                                                 \
    long row_block, col_block, units;                                                                                \
  };                                                                                                                 \
  struct GemmEpilogue {                                                                                              \
    void (*run)(void* context, const void* tile, long ld, long row, long rows, long col, long cols);                 \
    void* context;                                                                                                   \
  };                                                                                                                 \
  GemmSplit gemm_split(const GemmProblem& problem, int element_size);                                                \
  size_t gemm_scratch_bytes(const GemmProblem& problem, int element_size);                                           \
  void gemm_run(const GemmProblem& problem, const float* a, const float* b, float* c, long ldc, void* scratch,       \
                long unit_begin, long unit_end, const GemmEpilogue* epilogue);                                       \
  void gemm_run(const GemmProblem& problem, const double* a, const double* b, double* c, long ldc, void* scratch,    \
                long unit_begin, long unit_end, const GemmEpilogue* epilogue);                                       \
  }
GM_FOR_EACH_ISA(X)
#undef X
}  // namespace gradmill

using namespace gradmill;

namespace {

struct Problem {
  long m, n, k, a_row, a_col, b_row, b_col;
};
struct Split {
  long row_block, col_block, units;
};
using Epilogue = void (*)(void*, const void*, long, long, long, long, long);
template <class T>
using Run = void (*)(const Problem&, const T*, const T*, T*, long, void*, long, long, Epilogue, void*);

struct Level {
  std::string name;
  Split (*split)(const Problem&, int);
  size_t (*scratch_bytes)(const Problem&, int);
  Run<float> run_float;
  Run<double> run_double;

  void run(const Problem& p, const float* a, const float* b, float* c, long ldc, void* scratch, long begin, long end,
           Epilogue epilogue, void* context) const {
    run_float(p, a, b, c, ldc, scratch, begin, end, epilogue, context);
  }
  void run(const Problem& p, const double* a, const double* b, double* c, long ldc, void* scratch, long begin, long end,
           Epilogue epilogue, void* context) const {
    run_double(p, a, b, c, ldc, scratch, begin, end, epilogue, context);
  }
};

template <class To>
To to_level(const Problem& p) {
  return {p.m, p.n, p.k, p.a_row, p.a_col, p.b_row, p.b_col};
}

std::vector<Level> levels() {
  std::vector<Level> found;
  const std::vector<std::string> usable = usable_instruction_sets();
#define RUN(level, T)                                                                                              \
  [](const Problem& p, const T* a, const T* b, T* c, long ldc, void* scratch, long begin, long end, Epilogue e,    \
     void* context) {                                                                                              \
    const isa_##level::GemmEpilogue epilogue{e, context};                                                          \
    isa_##level::gemm_run(to_level<isa_##level::GemmProblem>(p), a, b, c, ldc, scratch, begin, end,                \
                          e ? &epilogue : nullptr);                                                                \
  }
#define X(level)                                                                                           \
  if (std::find(usable.begin(), usable.end(), #level) != usable.end()) {                                   \
    found.push_back({#level,                                                                               \
                     [](const Problem& p, int size) {                                                      \
                       const auto s = isa_##level::gemm_split(to_level<isa_##level::GemmProblem>(p), size); \
                       return Split{s.row_block, s.col_block, s.units};                                    \
                     },                                                                                    \
                     [](const Problem& p, int size) {                                                      \
                       return isa_##level::gemm_scratch_bytes(to_level<isa_##level::GemmProblem>(p), size); \
                     },                                                                                    \
                     RUN(level, float), RUN(level, double)});                                              \
  }
  GM_FOR_EACH_ISA(X)
#undef X
#undef RUN
  return found;
}

// Scratch of exactly the size asked for, full of NaN: whatever is read before it is written shows.
struct Scratch {
  explicit Scratch(size_t bytes) : memory(std::aligned_alloc(64, (bytes + 63) / 64 * 64), &std::free) {
    if (bytes > 0) std::memset(memory.get(), 0xff, bytes);
  }
  std::unique_ptr<void, decltype(&std::free)> memory;
};

// How a factor of `rows` x `cols` lies: by rows, by columns, the same with a gap behind each, or every stride above 1.
enum class Lie { rows, columns, rows_apart, columns_apart, spread };

struct Strides {
  long row, col;
  size_t size;  // elements up to the last one
};

Strides strides_of(Lie lie, long rows, long cols) {
  Strides s{1, 1, 0};
  if (lie == Lie::rows || lie == Lie::rows_apart) s.row = cols + (lie == Lie::rows ? 0 : 5);
  if (lie == Lie::columns || lie == Lie::columns_apart) s.col = rows + (lie == Lie::columns ? 0 : 5);
  if (lie == Lie::spread) s = {2 * cols + 1, 2, 0};
  s.size = rows > 0 && cols > 0 ? static_cast<size_t>((rows - 1) * s.row + (cols - 1) * s.col + 1) : 0;
  return s;
}

std::vector<double> random_values(long count, unsigned seed) {
  std::mt19937 engine(seed);
  std::vector<double> values(static_cast<size_t>(count));
  // 12 bits, so that a float holds them exactly
  for (double& v : values) v = static_cast<double>(static_cast<int>(engine() % 4097) - 2048) / 2048;
  return values;
}

// The values of a dense matrix by rows, as the layout wants them; NaN in the gaps.
template <class T>
std::vector<T> laid_out(const std::vector<double>& dense, long rows, long cols, const Strides& strides) {
  std::vector<T> values(strides.size, std::numeric_limits<T>::quiet_NaN());
  for (long i = 0; i < rows; ++i)
    for (long j = 0; j < cols; ++j)
      values[static_cast<size_t>(i * strides.row + j * strides.col)] =
          static_cast<T>(dense[static_cast<size_t>(i * cols + j)]);
  return values;
}

std::vector<double> plain_product(const std::vector<double>& a, const std::vector<double>& b, long m, long n, long k) {
  std::vector<double> c(static_cast<size_t>(m * n), 0.0);
  for (long i = 0; i < m; ++i)
    for (long p = 0; p < k; ++p) {
      const double value = a[static_cast<size_t>(i * k + p)];
      for (long j = 0; j < n; ++j) c[static_cast<size_t>(i * n + j)] += value * b[static_cast<size_t>(p * n + j)];
    }
  return c;
}

// An epilogue that puts each block in its place, adds a bias, and counts how often it sees each element.
template <class T>
struct Collector {
  long n = 0, col_block = 0;
  const T* bias = nullptr;
  std::vector<T> c;
  std::vector<int> seen;
  bool contiguous = true;

  static void collect(void* context, const void* tile, long ld, long row, long rows, long col, long cols) {
    Collector& self = *static_cast<Collector*>(context);
    const T* values = static_cast<const T*>(tile);
    if (self.col_block == self.n && ld != self.n) self.contiguous = false;
    for (long i = 0; i < rows; ++i)
      for (long j = 0; j < cols; ++j) {
        const size_t at = static_cast<size_t>((row + i) * self.n + col + j);
        self.c[at] = values[i * ld + j] + (self.bias ? self.bias[col + j] : T(0));
        ++self.seen[at];
      }
  }
};

template <class T>
struct Case {
  const Level& level;
  Problem problem;
  const std::vector<T>&a, &b;

  // The product by `workers` workers, dense; each with its own range of units and its own scratch.
  std::vector<T> run(int workers, bool with_epilogue, const T* bias = nullptr) const {
    const long m = problem.m, n = problem.n, ldc = n + 3;
    const Split split = level.split(problem, sizeof(T));
    const T untouched = T(-77);
    std::vector<T> c(static_cast<size_t>(m * ldc), untouched);
    Collector<T> collector;
    collector.n = n;
    collector.col_block = split.col_block;
    collector.bias = bias;
    collector.c.resize(static_cast<size_t>(m * n));
    collector.seen.resize(static_cast<size_t>(m * n));
    for (int worker = workers - 1; worker >= 0; --worker) {
      const Scratch scratch(level.scratch_bytes(problem, sizeof(T)));
      level.run(problem, a.data(), b.data(), with_epilogue ? nullptr : c.data(), ldc, scratch.memory.get(),
                split.units * worker / workers, split.units * (worker + 1) / workers,
                with_epilogue ? &Collector<T>::collect : nullptr, &collector);
    }
    if (with_epilogue) {
      CHECK(collector.contiguous);
      CHECK(std::count(collector.seen.begin(), collector.seen.end(), 1) == m * n);
      return collector.c;
    }
    std::vector<T> dense;
    long spoiled = 0;
    for (long i = 0; i < m; ++i) {
      dense.insert(dense.end(), c.begin() + i * ldc, c.begin() + i * ldc + n);
      for (long j = n; j < ldc; ++j) spoiled += c[static_cast<size_t>(i * ldc + j)] != untouched;
    }
    CHECK(spoiled == 0);
    return dense;
  }
};

template <class T>
bool same_bits(const std::vector<T>& x, const std::vector<T>& y) {
  return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0);
}

// Largest error, in units of the rounding of a sum of k products below 1; -1 for a NaN.
template <class T>
double relative_error(const std::vector<T>& got, const std::vector<double>& wanted, long k) {
  double largest = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double error = std::fabs(static_cast<double>(got[i]) - wanted[i]);
    if (std::isnan(error)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, error);
  }
  return largest / (std::numeric_limits<T>::epsilon() * static_cast<double>(4 + k));
}

template <class T>
void check_product(const Level& level, long m, long n, long k, Lie a_lie, Lie b_lie, const std::vector<double>& a_dense,
                   const std::vector<double>& b_dense, const std::vector<double>& wanted) {
  const Strides a_strides = strides_of(a_lie, m, k), b_strides = strides_of(b_lie, k, n);
  const std::vector<T> a = laid_out<T>(a_dense, m, k, a_strides), b = laid_out<T>(b_dense, k, n, b_strides);
  const Case<T> product{level, {m, n, k, a_strides.row, a_strides.col, b_strides.row, b_strides.col}, a, b};
  INFO(level.name << " " << sizeof(T) << " bytes, m " << m << " n " << n << " k " << k << " a " << int(a_lie) << " b "
                  << int(b_lie));
  const std::vector<T> once = product.run(1, false);
  CHECK(relative_error(once, wanted, k) < 1.0);
  CHECK(same_bits(once, product.run(1, true)));
  if (level.split(product.problem, sizeof(T)).units > 1) {
    CHECK(same_bits(once, product.run(2, true)));
    CHECK(same_bits(once, product.run(3, false)));
    CHECK(same_bits(once, product.run(3, true)));
  }
}

void check_shape(long m, long n, long k, const std::vector<std::pair<Lie, Lie>>& lies) {
  const std::vector<double> a = random_values(m * k, 1), b = random_values(k * n, 2);
  const std::vector<double> wanted = plain_product(a, b, m, n, k);
  for (const Level& level : levels())
    for (const auto& [a_lie, b_lie] : lies) {
      check_product<float>(level, m, n, k, a_lie, b_lie, a, b, wanted);
      check_product<double>(level, m, n, k, a_lie, b_lie, a, b, wanted);
    }
}

const std::vector<std::pair<Lie, Lie>> transpositions = {
    {Lie::rows, Lie::rows}, {Lie::columns, Lie::rows}, {Lie::rows, Lie::columns}, {Lie::columns, Lie::columns}};

}  // namespace

TEST_CASE("gemm: every small shape and transposition") {
  const long sizes[] = {0, 1, 2, 3, 5, 6, 7, 8, 15, 16, 17, 31, 33};
  for (long m : sizes)
    for (long n : sizes)
      for (long k : sizes) check_shape(m, n, k, transpositions);
}

TEST_CASE("gemm: one larger side, on its own and with others") {
  for (long large : {64L, 100L, 257L})
    for (long a : {1L, 8L, 33L})
      for (long b : {1L, 8L, 33L}) {
        check_shape(large, a, b, transpositions);
        check_shape(a, large, b, transpositions);
        check_shape(a, b, large, transpositions);
      }
  check_shape(64, 100, 257, transpositions);
  check_shape(100, 257, 64, transpositions);
  check_shape(257, 64, 100, transpositions);
}

TEST_CASE("gemm: factors that are parts of larger matrices, or have no stride of 1") {
  const std::vector<std::pair<Lie, Lie>> lies = {{Lie::rows_apart, Lie::rows_apart},
                                                 {Lie::columns_apart, Lie::columns_apart},
                                                 {Lie::spread, Lie::rows_apart},
                                                 {Lie::rows, Lie::spread},
                                                 {Lie::spread, Lie::spread}};
  for (long m : {1L, 7L, 33L, 150L})
    for (long n : {1L, 8L, 19L, 300L})
      for (long k : {1L, 5L, 70L, 300L}) check_shape(m, n, k, lies);
}

TEST_CASE("gemm: shapes with several units, groups and blocks of k") {
  check_shape(32, 128, 784, transpositions);
  check_shape(784, 128, 32, transpositions);
  check_shape(70, 330, 1100, transpositions);   // rows of A more than a page apart
  check_shape(200, 270, 1030, transpositions);  // the same with several units of rows
  check_shape(530, 520, 300, transpositions);
  check_shape(130, 264, 600, transpositions);   // a last panel of exactly one vector in a unit that shares its columns
  check_shape(1, 1000, 600, transpositions);
  check_shape(1000, 1, 600, transpositions);
}

TEST_CASE("gemm: a sum over nothing is zero, an empty output has no units") {
  for (const Level& level : levels()) {
    INFO(level.name);
    const std::vector<float> none;
    for (bool with_epilogue : {false, true}) {
      const std::vector<float> c = Case<float>{level, {20, 40, 0, 0, 1, 40, 1}, none, none}.run(2, with_epilogue);
      CHECK(std::count(c.begin(), c.end(), 0.0f) == 20 * 40);
    }
    CHECK(level.split({0, 40, 10, 10, 1, 40, 1}, 4).units == 0);
    CHECK(level.split({20, 0, 10, 10, 1, 0, 1}, 8).units == 0);
  }
}

TEST_CASE("gemm: an epilogue adds a bias to each finished block") {
  const long m = 96, n = 128, k = 784;
  const std::vector<double> a_dense = random_values(m * k, 5), b_dense = random_values(k * n, 6);
  const std::vector<double> bias_values = random_values(n, 7);
  std::vector<double> wanted = plain_product(a_dense, b_dense, m, n, k);
  for (long i = 0; i < m * n; ++i) wanted[static_cast<size_t>(i)] += bias_values[static_cast<size_t>(i % n)];
  const std::vector<float> a(a_dense.begin(), a_dense.end()), b(b_dense.begin(), b_dense.end());
  const std::vector<float> bias(bias_values.begin(), bias_values.end());
  for (const Level& level : levels()) {
    INFO(level.name);
    const Case<float> product{level, {m, n, k, k, 1, n, 1}, a, b};
    const std::vector<float> once = product.run(1, true, bias.data());
    CHECK(relative_error(once, wanted, k) < 1.0);
    CHECK(same_bits(once, product.run(3, true, bias.data())));
  }
}

TEST_CASE("gemm: large products give many workers balanced shares, tiny ones are left whole") {
  for (const Level& level : levels()) {
    INFO(level.name);
    CHECK(level.split({32, 10, 128, 128, 1, 10, 1}, 4).units == 1);
    const Split forward = level.split({32, 128, 784, 784, 1, 128, 1}, 4);
    CHECK(forward.units >= 4);
    CHECK(forward.units <= 16);
    CHECK(level.split({784, 128, 32, 1, 784, 128, 1}, 4).units >= 4);
    CHECK(level.split({2048, 2048, 2048, 2048, 1, 2048, 1}, 4).units >= 128);
    CHECK(level.split({12544, 64, 147, 147, 1, 64, 1}, 4).units >= 64);
  }
}
