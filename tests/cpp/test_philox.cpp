// Philox4x32-10 against the known answers published with Random123, and the vector code against the scalar one.
#include "doctest/doctest.h"

#include <cmath>
#include <vector>

#include "cpu/philox_fill.h"
#include "math/philox.h"

namespace level = gradmill::GM_ISA_NAMESPACE;

TEST_CASE("philox gives the published answers") {
  struct Known {
    uint32_t counter[4], key[2], words[4];
  };
  const Known table[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  for (const Known& known : table) {
    const level::PhiloxBlock counter = {{known.counter[0], known.counter[1], known.counter[2], known.counter[3]}};
    const level::PhiloxBlock block = level::philox(counter, known.key[0], known.key[1]);
    // The same through the names of our streams.
    const auto join = [](uint32_t low, uint32_t high) { return static_cast<int64_t>(uint64_t(high) << 32 | low); };
    const int64_t number = join(known.counter[0], known.counter[1]);
    const level::PhiloxBlock named = level::philox_block(join(known.key[0], known.key[1]),
                                                         join(known.counter[2], known.counter[3]), number);
    uint32_t words[level::philox_batch_words];
    level::philox_words(join(known.key[0], known.key[1]), join(known.counter[2], known.counter[3]), number, words);
    for (int i = 0; i < 4; ++i) {
      CHECK(block.word[i] == known.words[i]);
      CHECK(named.word[i] == known.words[i]);
      CHECK(words[i] == known.words[i]);
    }
  }
}

TEST_CASE("any part of a stream is the stream") {
  const int64_t seed = 0x123456789abcdef, counter = -5;
  for (const int64_t start : {0, 1, 3, 64, 1000003})
    for (const int64_t count : {1, 2, 61, 64, 200}) {
      std::vector<float> floats(count + 1, -1.0f);
      std::vector<double> doubles(count + 1, -1.0);
      level::fill_uniform(floats.data(), seed, counter, start, count);
      level::fill_uniform(doubles.data(), seed, counter, start, count);
      for (int64_t i = 0; i < count; ++i) {
        CHECK(floats[i] == level::philox_float(seed, counter, start + i));
        CHECK(doubles[i] == level::philox_double(seed, counter, start + i));
      }
      CHECK(floats[count] == -1.0f);
      CHECK(doubles[count] == -1.0);
    }
}

TEST_CASE("uniform numbers fill [0, 1) evenly") {
  const int count = 100000;
  std::vector<float> x(count);
  level::fill_uniform(x.data(), 7, 1, 0, count);
  double sum = 0, squares = 0;
  for (const float v : x) {
    REQUIRE((v >= 0.0f && v < 1.0f));
    sum += v;
    squares += double(v) * v;
  }
  // Five standard errors: sqrt(1 / 12 / count) and sqrt(4 / 45 / count).
  CHECK(std::fabs(sum / count - 0.5) < 5 * std::sqrt(1.0 / 12 / count));
  CHECK(std::fabs(squares / count - 1.0 / 3) < 5 * std::sqrt(4.0 / 45 / count));
}
