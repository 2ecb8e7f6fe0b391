// Tile programs against plain loops over the scalar functions in double, at every instruction-set level that this
// machine can run.
#include "doctest/doctest.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "math/elementwise.h"
#include "math/philox.h"
#include "math/tile_builder.h"
#include "tensor/half.h"

namespace gradmill {
#define X(level)                                                                                              \
  namespace isa_##level {                                                                                     \
  void run_tile_program(const TileProgram& program, void* const* buffers, int64_t begin, int64_t end);        \
  }
GM_FOR_EACH_ISA(X)
#undef X
}  // namespace gradmill

using namespace gradmill;

namespace {

using RunProgram = void (*)(const TileProgram&, void* const*, int64_t, int64_t);

struct Level {
  std::string name;
  RunProgram run;
};

std::vector<Level> levels() {
  std::vector<Level> found;
  const std::vector<std::string> usable = usable_instruction_sets();
#define X(level)                                                            \
  if (std::find(usable.begin(), usable.end(), #level) != usable.end())      \
    found.push_back({#level, &isa_##level::run_tile_program});
  GM_FOR_EACH_ISA(X)
#undef X
  return found;
}

std::vector<float> random_floats(size_t count, unsigned seed, float low = -2.0f, float high = 2.0f) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> values(count);
  for (float& v : values) v = uniform(engine);
  return values;
}

TileProgram built(TileBuilder& builder) {
  TileProgram program;
  const char* reason = builder.build(&program);
  INFO((reason ? reason : ""));
  REQUIRE(reason == nullptr);
  return program;
}

bool near(double got, double wanted, double tolerance) {
  if (std::isnan(wanted) || std::isnan(got)) return std::isnan(wanted) && std::isnan(got);
  if (std::isinf(wanted) || std::isinf(got)) return wanted == got;
  return std::fabs(got - wanted) <= tolerance * std::fmax(1.0, std::fabs(wanted));
}

// Runs one operation over `values` in every combination and compares with the scalar function.
template <class T, class Function>
void check_operation(const char* name, TileOpcode opcode, TileType type, DType dtype, int arity,
                     const std::vector<T>& values, double tolerance, Function reference) {
  std::vector<T> arguments[3];
  const size_t n = values.size(), total = arity == 1 ? n : arity == 2 ? n * n : n * n * n;
  for (size_t i = 0; i < total; ++i) {
    arguments[0].push_back(values[i % n]);
    arguments[1].push_back(values[i / n % n]);
    arguments[2].push_back(values[i / n / n % n]);
  }
  const int64_t dims[] = {static_cast<int64_t>(total)};
  TileBuilder builder(type, dims, 1);
  int sources[3] = {-1, -1, -1};
  for (int a = 0; a < arity; ++a) sources[a] = builder.contiguous_input(dtype);
  builder.output(dtype, builder.apply(opcode, sources[0], sources[1], sources[2]));
  const TileProgram program = built(builder);
  for (const Level& level : levels()) {
    std::vector<T> y(total);
    void* buffers[4] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
    buffers[arity] = y.data();
    level.run(program, buffers, 0, static_cast<int64_t>(total));
    for (size_t i = 0; i < total; ++i) {
      const auto wanted = reference(arguments[0][i], arguments[1][i], arguments[2][i]);
      INFO(level.name, " ", name, "(", arguments[0][i], ", ", arguments[1][i], ", ", arguments[2][i], ") = ", y[i]);
      REQUIRE(near(static_cast<double>(y[i]), static_cast<double>(wanted), tolerance));
    }
  }
}

template <class F, int arity, class V> V call(V a, V b, V c) {
  if constexpr (arity == 1) return F::value(a);
  else if constexpr (arity == 2) return F::value(a, b);
  else return F::value(a, b, c);
}

const double inf = std::numeric_limits<double>::infinity();

template <class F, int arity> void check_row(const char* name, TileOpcode opcode) {
  if constexpr (F::floats) {
    // float has its own code for every function; it is compared with the double of the same argument.
    const std::vector<float> floats = {0.0f,  -0.0f, 1.0f,  -1.0f, 0.5f,       -0.25f,         2.0f, 3.0f, -2.5f,
                                       0.9f,  7.5f,  -8.0f, 20.0f, -0.000123f, float(inf), -float(inf), NAN};
    check_operation(name, opcode, TileType::f32, DType::float32, arity, floats, 2e-6,
                    [](float a, float b, float c) {
                      return static_cast<float>(call<F, arity>(double(a), double(b), double(c)));
                    });
    const std::vector<double> doubles(floats.begin(), floats.end());
    check_operation(name, opcode, TileType::f64, DType::float64, arity, doubles, 1e-14,
                    [](double a, double b, double c) { return call<F, arity>(a, b, c); });
  }
  if constexpr (F::integers) {
    const std::vector<int32_t> narrow = {0, 1, -1, 2, 3, -3, 7, -7, 31, 32, 33, 1 << 20, INT32_MAX, INT32_MIN};
    check_operation(name, opcode, TileType::i32, DType::int32, arity, narrow, 0,
                    [](int32_t a, int32_t b, int32_t c) { return call<F, arity>(a, b, c); });
    const std::vector<int64_t> wide = {0, 1, -1, 2, 3, -3, 7, 63, 64, -65, 1LL << 40, INT64_MAX, INT64_MIN};
    check_operation(name, opcode, TileType::i64, DType::int64, arity, wide, 0,
                    [](int64_t a, int64_t b, int64_t c) { return call<F, arity>(a, b, c); });
  }
  CHECK(tile_supports(opcode, TileType::f32) == F::floats);
  CHECK(tile_supports(opcode, TileType::i64) == F::integers);
  CHECK(std::strlen(F::text) > 5);
}

}  // namespace

TEST_CASE("every row of the list, on every compute type and level") {
#define ELEMENTWISE(name, arity) check_row<baseline::functor::name, arity>(#name, TileOpcode::name);
#include "math/elementwise.def"
#undef ELEMENTWISE
}

TEST_CASE("integer division follows Python") {
  using namespace baseline;
  CHECK(functor::floor_divide::value(7, -2) == -4);
  CHECK(functor::mod::value(7, -2) == -1);
  CHECK(functor::mod::value(-7, 2) == 1);
  CHECK(functor::floor_divide::value(5, 0) == 0);
  CHECK(functor::mod::value(5, 0) == 0);
  CHECK(functor::floor_divide::value(INT32_MIN, -1) == INT32_MIN);
  CHECK(functor::left_shift::value(1, 40) == 0);
  CHECK(functor::right_shift::value(-8, 100) == -1);
  CHECK(functor::power::value(3, 4) == 81);
  CHECK(functor::power::value(2, -1) == 0);
  CHECK(functor::power::value(-1, -3) == -1);
}

TEST_CASE("strides of every kind, dims of every size") {
  struct Case {
    std::vector<int64_t> dims;
    std::vector<std::vector<int64_t>> strides;  // of three float inputs
  };
  const std::vector<Case> cases = {
      {{7, 10}, {{10, 1}, {0, 1}, {1, 0}}},
      {{300, 10}, {{10, 1}, {0, 1}, {1, 0}}},
      {{5, 300}, {{300, 1}, {0, 1}, {1, 0}}},
      {{3, 2500}, {{2500, 1}, {0, 1}, {1, 0}}},
      {{40, 30}, {{30, 1}, {1, 40}, {0, 0}}},
      {{200, 130}, {{130, 1}, {1, 200}, {0, 0}}},
      {{6, 5, 4, 3}, {{60, 12, 3, 1}, {0, 3, 0, 1}, {4, 0, 1, 0}}},
      {{2, 50, 4, 33}, {{6600, 132, 33, 1}, {50, 1, 0, 0}, {0, 0, 33, 1}}},
      {{2, 1, 3, 1, 2, 2, 2}, {{24, 0, 8, 0, 4, 2, 1}, {0, 0, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 1, 0, 2}}},
      {{1}, {{0}, {1}, {5}}},
      {{1, 1, 17}, {{17, 17, 1}, {0, 0, 0}, {3, 3, 2}}},
  };
  for (const Case& c : cases) {
    const int rank = static_cast<int>(c.dims.size());
    int64_t total = 1;
    for (const int64_t d : c.dims) total *= d;
    for (const DType dtype : {DType::float32, DType::bfloat16}) {
      std::vector<std::vector<float>> inputs;
      std::vector<std::vector<uint16_t>> halves(3);
      TileBuilder builder(TileType::f32, c.dims.data(), rank);
      for (int k = 0; k < 3; ++k) {
        int64_t size = 1;
        for (int d = 0; d < rank; ++d) size += (c.dims[d] - 1) * c.strides[k][d];
        inputs.push_back(random_floats(size, 10 + k));
        for (float& v : inputs[k]) {
          halves[k].push_back(float_to_bfloat16(v));
          if (dtype == DType::bfloat16) v = bfloat16_to_float(halves[k].back());
        }
      }
      const int a = builder.input(dtype, c.strides[0].data()), b = builder.input(dtype, c.strides[1].data());
      const int d = builder.input(dtype, c.strides[2].data());
      builder.output(DType::float32, builder.apply(TileOpcode::subtract, builder.apply(TileOpcode::maximum, a, b), d));
      const TileProgram program = built(builder);
      std::vector<float> wanted(total);
      for (int64_t i = 0; i < total; ++i) {
        int64_t offset[3] = {0, 0, 0}, rest = i;
        for (int axis = rank - 1; axis >= 0; --axis) {
          for (int k = 0; k < 3; ++k) offset[k] += rest % c.dims[axis] * c.strides[k][axis];
          rest /= c.dims[axis];
        }
        wanted[i] = std::max(inputs[0][offset[0]], inputs[1][offset[1]]) - inputs[2][offset[2]];
      }
      for (const Level& level : levels())
        for (const int64_t piece : {total, int64_t(64), int64_t(7)}) {
          std::vector<float> y(total + 8, 99.0f);
          void* buffers[4];
          for (int k = 0; k < 3; ++k)
            buffers[k] = dtype == DType::float32 ? static_cast<void*>(inputs[k].data()) : halves[k].data();
          buffers[3] = y.data();
          for (int64_t begin = 0; begin < total; begin += piece)
            level.run(program, buffers, begin, std::min(begin + piece, total));
          INFO(level.name, " dims of ", total, " pieces of ", piece);
          CHECK(std::equal(wanted.begin(), wanted.end(), y.begin()));
          CHECK(std::count(y.begin() + total, y.end(), 99.0f) == 8);
        }
    }
  }
}

TEST_CASE("storage types are converted on load and store") {
  const std::vector<double> values = {0,   1,    -1,   2.5,   -2.5, 100.75, 300, 70000,
                                      3e9, -3e9, 1e19, -1e19, inf,  -inf,   NAN, 1e-7};
  const int64_t count = static_cast<int64_t>(values.size()), dims[] = {count};
  for (const Level& level : levels()) {
    INFO(level.name);
    const auto store = [&](TileType type, DType dtype, void* out) {
      TileBuilder builder(type, dims, 1);
      std::vector<float> floats(values.begin(), values.end());
      std::vector<double> doubles = values;
      builder.output(dtype, builder.contiguous_input(type == TileType::f32 ? DType::float32 : DType::float64));
      void* buffers[] = {type == TileType::f32 ? static_cast<void*>(floats.data()) : doubles.data(), out};
      level.run(built(builder), buffers, 0, count);
    };
    for (const TileType type : {TileType::f32, TileType::f64}) {
      std::vector<int32_t> i32(count);
      std::vector<int64_t> i64(count);
      std::vector<uint8_t> boolean(count);
      std::vector<uint16_t> bfloat16(count), float16(count);
      store(type, DType::int32, i32.data());
      store(type, DType::int64, i64.data());
      store(type, DType::boolean, boolean.data());
      store(type, DType::bfloat16, bfloat16.data());
      store(type, DType::float16, float16.data());
      for (int64_t i = 0; i < count; ++i) {
        const double v = type == TileType::f32 ? double(float(values[i])) : values[i];
        INFO("value ", v);
        const bool nan = std::isnan(v);
        CHECK(i32[i] == (nan ? 0 : v >= 0x1p31 ? INT32_MAX : v <= -0x1p31 ? INT32_MIN : int32_t(v)));
        CHECK(i64[i] == (nan ? 0 : v >= 0x1p63 ? INT64_MAX : v <= -0x1p63 ? INT64_MIN : int64_t(v)));
        CHECK(boolean[i] == (v != 0));
        CHECK((nan ? std::isnan(bfloat16_to_float(bfloat16[i])) : bfloat16[i] == float_to_bfloat16(float(v))));
        CHECK((nan ? std::isnan(float16_to_float(float16[i])) : float16[i] == float_to_float16(float(v))));
      }
    }
    // Every float16 there is, to float and back; the length is not a multiple of a vector.
    std::vector<uint16_t> all(65536 - 3), back(all.size());
    std::vector<float> wide(all.size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
    const int64_t half_dims[] = {static_cast<int64_t>(all.size())};
    TileBuilder builder(TileType::f32, half_dims, 1);
    const int x = builder.contiguous_input(DType::float16);
    builder.output(DType::float32, x);
    builder.output(DType::float16, x);
    void* buffers[] = {all.data(), wide.data(), back.data()};
    level.run(built(builder), buffers, 0, half_dims[0]);
    for (size_t i = 0; i < all.size(); ++i) {
      const float wanted = float16_to_float(all[i]);
      const bool good = std::isnan(wanted) ? std::isnan(wide[i]) && std::isnan(float16_to_float(back[i]))
                                           : wide[i] == wanted && back[i] == all[i];
      REQUIRE(good);
    }
    // Integers of every width through int32.
    std::vector<int8_t> bytes = {-128, -1, 0, 1, 127};
    std::vector<uint16_t> shorts(5);
    std::vector<uint8_t> wrapped(5);
    const int64_t five[] = {5};
    TileBuilder integers(TileType::i32, five, 1);
    const int y = integers.contiguous_input(DType::int8);
    const int tripled = integers.apply(TileOpcode::multiply, y, integers.constant(3));
    integers.output(DType::uint16, tripled);
    integers.output(DType::uint8, tripled);
    void* integer_buffers[] = {bytes.data(), shorts.data(), wrapped.data()};
    level.run(built(integers), integer_buffers, 0, 5);
    for (int i = 0; i < 5; ++i) {
      CHECK(shorts[i] == static_cast<uint16_t>(bytes[i] * 3));
      CHECK(wrapped[i] == static_cast<uint8_t>(bytes[i] * 3));
    }
  }
}

TEST_CASE("outputs may be the memory of inputs") {
  const int64_t count = 5000, dims[] = {count};
  const std::vector<float> first = random_floats(count, 1), second = random_floats(count, 2);
  for (const Level& level : levels())
    for (const bool told : {true, false}) {
      // An exchange and a sum, in which every output overwrites what another one reads.
      TileBuilder builder(TileType::f32, dims, 1);
      const int a = builder.contiguous_input(DType::float32), b = builder.contiguous_input(DType::float32);
      builder.output(DType::float32, b, told ? 0 : TileBuilder::any_input);
      builder.output(DType::float32, a, told ? 1 : TileBuilder::any_input);
      const int sum = builder.apply(TileOpcode::add, a, b);
      builder.output(DType::float32, sum, TileBuilder::no_input);
      builder.output(DType::float32, sum, TileBuilder::no_input);
      std::vector<float> x = first, y = second, z(count), again(count);
      void* buffers[] = {x.data(), y.data(), x.data(), y.data(), z.data(), again.data()};
      level.run(built(builder), buffers, 0, count);
      INFO(level.name);
      CHECK(x == second);
      CHECK(y == first);
      for (int64_t i = 0; i < count; ++i) REQUIRE(z[i] == first[i] + second[i]);
      CHECK(again == z);
    }
}

TEST_CASE("an update of Adam in place") {
  const int64_t count = 3001, dims[] = {count};
  // The gradient as it is, the gradient computed in the program, and moments kept in bfloat16.
  for (const bool decays : {false, true})
    for (const DType moments : {DType::float32, DType::bfloat16}) {
      TileBuilder builder(TileType::f32, dims, 1);
      const int w = builder.contiguous_input(DType::float32), m = builder.contiguous_input(moments);
      const int v = builder.contiguous_input(DType::float32), raw = builder.contiguous_input(DType::float32);
      const int rate = builder.scalar_input(DType::float32);
      const auto apply = [&](TileOpcode opcode, int x1, int x2 = -1) { return builder.apply(opcode, x1, x2); };
      const int g = decays ? apply(TileOpcode::add, raw, apply(TileOpcode::multiply, w, builder.constant(0.5))) : raw;
      const int m1 = apply(TileOpcode::add, m, apply(TileOpcode::multiply, apply(TileOpcode::subtract, g, m),
                                                     builder.constant(0.1)));
      const int v1 = apply(TileOpcode::add, v,
                           apply(TileOpcode::multiply, apply(TileOpcode::subtract, apply(TileOpcode::square, g), v),
                                 builder.constant(0.001)));
      const int root = apply(TileOpcode::add, apply(TileOpcode::sqrt, v1), builder.constant(1e-7));
      const int w1 = apply(TileOpcode::subtract, w,
                           apply(TileOpcode::divide, apply(TileOpcode::multiply, m1, rate), root));
      builder.output(DType::float32, w1, 0);
      builder.output(moments, m1, 1);
      builder.output(DType::float32, v1, 2);
      const TileProgram program = built(builder);
      const bool joined = std::any_of(program.instruction, program.instruction + program.instructions,
                                      [](const TileInstruction& i) { return i.opcode == TileOpcode::adam_update; });
      CHECK(joined == (moments == DType::float32));
      for (const Level& level : levels()) {
        std::vector<float> ws = random_floats(count, 1), ms = random_floats(count, 2), gs = random_floats(count, 4);
        std::vector<float> vs = random_floats(count, 3, 0.0f, 1.0f);
        std::vector<uint16_t> halves(count);
        for (int64_t i = 0; i < count && moments == DType::bfloat16; ++i) {
          halves[i] = float_to_bfloat16(ms[i]);
          ms[i] = bfloat16_to_float(halves[i]);
        }
        const std::vector<float> w0 = ws, m0 = ms, v0 = vs;
        float step = 0.01f;
        void* ms_data = moments == DType::float32 ? static_cast<void*>(ms.data()) : halves.data();
        void* buffers[] = {ws.data(), ms_data, vs.data(), gs.data(), &step, ws.data(), ms_data, vs.data()};
        level.run(program, buffers, 0, 1500);
        level.run(program, buffers, 1500, count);
        for (int64_t i = 0; i < count; ++i) {
          const double gi = decays ? gs[i] + 0.5 * w0[i] : gs[i];
          const double mi = m0[i] + (gi - m0[i]) * 0.1, vi = v0[i] + (gi * gi - v0[i]) * 0.001;
          INFO(level.name, " at ", i);
          if (moments == DType::float32) REQUIRE(near(ms[i], mi, 1e-6));
          else REQUIRE(near(bfloat16_to_float(halves[i]), mi, 4e-3));
          REQUIRE(near(vs[i], vi, 1e-6));
          REQUIRE(near(ws[i], w0[i] - mi * 0.01f / (std::sqrt(vi) + 1e-7), 3e-6));
        }
      }
    }
}

TEST_CASE("random numbers, indices and the epilogue of a product") {
  const int64_t dims[] = {20, 48}, count = 960, column[] = {1, 0}, row[] = {0, 1};
  for (const Level& level : levels()) {
    INFO(level.name);
    TileBuilder builder(TileType::f32, dims, 2);
    const int x = builder.contiguous_input(DType::float32), bias = builder.input(DType::float32, row);
    const int scale = builder.input(DType::float32, column), key = builder.key_input();
    const int sum = builder.apply(TileOpcode::add, x, bias);
    const int y = builder.apply(TileOpcode::relu, builder.apply(TileOpcode::multiply, sum, scale));
    builder.output(DType::float32, y);
    builder.output(DType::float32, builder.uniform(key));
    builder.output(DType::float32, builder.iota());
    const TileProgram program = built(builder);
    std::vector<float> xs = random_floats(count, 5), biases = random_floats(48, 6), scales = random_floats(20, 7);
    std::vector<float> out(count), random(count), index(count);
    int64_t seed[2] = {42, 3};
    for (int64_t r = 0; r < 20; ++r)
      for (int64_t c = 0; c < 48; c += 16) {
        float tile[16];
        const int64_t begin = r * 48 + c;
        std::copy(&xs[begin], &xs[begin] + 16, tile);
        void* buffers[] = {tile - begin, biases.data(), scales.data(), seed, out.data(), random.data(), index.data()};
        level.run(program, buffers, begin, begin + 16);
      }
    for (int64_t i = 0; i < count; ++i) {
      REQUIRE(near(out[i], std::max(0.0f, (xs[i] + biases[i % 48]) * scales[i / 48]), 1e-6));
      REQUIRE(random[i] == baseline::philox_float(42, 3, i));
      REQUIRE(index[i] == float(i));
    }
  }
}

TEST_CASE("what does not fit is refused with the reason") {
  const int64_t dims[] = {4};
  TileProgram program;
  TileBuilder wide(TileType::f32, dims, 1);
  int sum = wide.contiguous_input(DType::float32);
  for (int i = 0; i < max_tile_operands; ++i)
    sum = wide.apply(TileOpcode::add, sum, wide.contiguous_input(DType::float32));
  wide.output(DType::float32, sum);
  CHECK(wide.build(&program) != nullptr);

  TileBuilder longer(TileType::f32, dims, 1);
  int value = longer.contiguous_input(DType::float32);
  for (int i = 0; i < max_tile_instructions + 1; ++i) value = longer.apply(TileOpcode::exp, value);
  longer.output(DType::float32, value);
  CHECK(longer.build(&program) != nullptr);

  TileBuilder wrong(TileType::i32, dims, 1);
  wrong.output(DType::int32, wrong.apply(TileOpcode::exp, wrong.contiguous_input(DType::int32)));
  CHECK(wrong.build(&program) != nullptr);

  const int64_t empty[] = {3, 0, 4}, strides[] = {1, 1, 0};
  TileBuilder none(TileType::f32, empty, 3);
  none.output(DType::float32, none.input(DType::float32, strides));
  REQUIRE(none.build(&program) == nullptr);
  void* buffers[] = {nullptr, nullptr};
  for (const Level& level : levels()) level.run(program, buffers, 0, 0);
}
