#pragma once
// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
// 1, 2, 3" (2011): block n of a stream is a pure function of key and n, so any element can be made alone, again, and on
// any thread.
//
// Our streams are named by two int64, seed and counter:
//   key words      0, 1 = low and high half of seed
//   counter words  0, 1 = low and high half of the block number; 2, 3 = low and high half of counter
// float   element i = (word i % 4 of block i / 4) >> 8, times 2^-24: uniform in [0, 1)
// double  element i = 53 bits of words a, b = 2 (i % 2), 2 (i % 2) + 1 of block i / 2, times 2^-53:
//         (a >> 5) * 2^26 + (b >> 6)
#include <cstdint>

#include "math/scalar_math.h"

namespace gradmill::GM_ISA_NAMESPACE {

struct PhiloxBlock {
  uint32_t word[4];
};

constexpr uint32_t philox_multiplier[2] = {0xD2511F53, 0xCD9E8D57};
constexpr uint32_t philox_key_step[2] = {0x9E3779B9, 0xBB67AE85};
constexpr int philox_rounds = 10;

GM_INLINE PhiloxBlock philox(PhiloxBlock counter, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < philox_rounds; ++round) {
    const uint64_t product0 = uint64_t(philox_multiplier[0]) * counter.word[0];
    const uint64_t product1 = uint64_t(philox_multiplier[1]) * counter.word[2];
    counter = {{uint32_t(product1 >> 32) ^ counter.word[1] ^ key0, uint32_t(product1),
                uint32_t(product0 >> 32) ^ counter.word[3] ^ key1, uint32_t(product0)}};
    key0 += philox_key_step[0];
    key1 += philox_key_step[1];
  }
  return counter;
}

GM_INLINE PhiloxBlock philox_block(int64_t seed, int64_t counter, int64_t block) {
  const PhiloxBlock start = {{uint32_t(block), uint32_t(uint64_t(block) >> 32), uint32_t(counter),
                              uint32_t(uint64_t(counter) >> 32)}};
  return philox(start, uint32_t(seed), uint32_t(uint64_t(seed) >> 32));
}

GM_INLINE float uniform_float(uint32_t word) { return float(int32_t(word >> 8)) * 0x1p-24f; }
GM_INLINE double uniform_double(uint32_t high, uint32_t low) {
  return (double(high >> 5) * 67108864.0 + double(low >> 6)) * 0x1p-53;
}

GM_INLINE float philox_float(int64_t seed, int64_t counter, int64_t element) {
  return uniform_float(philox_block(seed, counter, element / 4).word[element % 4]);
}
GM_INLINE double philox_double(int64_t seed, int64_t counter, int64_t element) {
  const PhiloxBlock block = philox_block(seed, counter, element / 2);
  const int first = int(element % 2) * 2;
  return uniform_double(block.word[first], block.word[first + 1]);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
