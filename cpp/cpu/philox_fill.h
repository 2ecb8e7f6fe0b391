#pragma once
// Many random numbers at once: sixteen Philox blocks side by side in vectors. The numbers are those of math/philox.h.
#include "cpu/simd/vec.h"
#include "math/philox.h"

namespace gradmill::GM_ISA_NAMESPACE {

constexpr int philox_batch = 16;
constexpr int philox_batch_words = philox_batch * 4;

// The words of blocks [block, block + 16), in their order. Each word lives in the low half of a 64-bit lane, where the
// product finds it and leaves high and low word together; the high halves of the lanes hold nothing of meaning.
GM_INLINE void philox_words(int64_t seed, int64_t counter, int64_t block, uint32_t* words) {
  constexpr int lanes = vector_bytes / 8, vectors = philox_batch / lanes;
  NativeLong c0[vectors], c1[vectors], c2[vectors], c3[vectors];
  for (int v = 0; v < vectors; ++v) {
    NativeLong number = uint64_t(block) + uint64_t(v * lanes) + NativeLong{};
    for (int lane = 0; lane < lanes; ++lane) number[lane] += uint64_t(lane);
    c0[v] = number;
    c1[v] = c0[v] >> 32;
    c2[v] = uint64_t(counter) + NativeLong{};
    c3[v] = c2[v] >> 32;
  }
  const NativeLong multiplier0 = philox_multiplier[0] + NativeLong{}, multiplier1 = philox_multiplier[1] + NativeLong{};
  uint32_t key0 = uint32_t(seed), key1 = uint32_t(uint64_t(seed) >> 32);
  for (int round = 0; round < philox_rounds; ++round) {
    for (int v = 0; v < vectors; ++v) {
      const NativeLong product0 = native_multiply_low(c0[v], multiplier0);
      const NativeLong product1 = native_multiply_low(c2[v], multiplier1);
      c0[v] = (product1 >> 32) ^ c1[v] ^ uint64_t(key0);
      c2[v] = (product0 >> 32) ^ c3[v] ^ uint64_t(key1);
      c1[v] = product1;
      c3[v] = product0;
    }
    key0 += philox_key_step[0];
    key1 += philox_key_step[1];
  }
  uint64_t pairs[philox_batch * 2];
  for (int v = 0; v < vectors; ++v) {
    const NativeLong first = (c0[v] & 0xffffffff) | (c1[v] << 32), second = (c2[v] & 0xffffffff) | (c3[v] << 32);
    for (int lane = 0; lane < lanes; ++lane) {
      pairs[2 * (v * lanes + lane)] = first[lane];
      pairs[2 * (v * lanes + lane) + 1] = second[lane];
    }
  }
  for (int i = 0; i < philox_batch * 2; ++i) {
    words[2 * i] = uint32_t(pairs[i]);
    words[2 * i + 1] = uint32_t(pairs[i] >> 32);
  }
}

// out[i] = element start + i of the stream.
GM_INLINE void fill_uniform(float* out, int64_t seed, int64_t counter, int64_t start, int64_t count) {
  uint32_t words[philox_batch_words];
  for (int64_t done = 0; done < count;) {
    const int64_t element = start + done, skipped = element % 4;
    philox_words(seed, counter, element / 4, words);
    const int64_t left = count - done, made = philox_batch_words - skipped, taken = left < made ? left : made;
    for (int64_t i = 0; i < taken; ++i) out[done + i] = uniform_float(words[skipped + i]);
    done += taken;
  }
}
GM_INLINE void fill_uniform(double* out, int64_t seed, int64_t counter, int64_t start, int64_t count) {
  uint32_t words[philox_batch_words];
  for (int64_t done = 0; done < count;) {
    const int64_t element = start + done, skipped = element % 2;
    philox_words(seed, counter, element / 2, words);
    const int64_t left = count - done, made = philox_batch_words / 2 - skipped, taken = left < made ? left : made;
    for (int64_t i = 0; i < taken; ++i)
      out[done + i] = uniform_double(words[2 * (skipped + i)], words[2 * (skipped + i) + 1]);
    done += taken;
  }
}

}  // namespace gradmill::GM_ISA_NAMESPACE
