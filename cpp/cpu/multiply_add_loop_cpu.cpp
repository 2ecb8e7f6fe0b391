// Nothing but fused multiply-adds, for measuring how many a core can do.
#include <cstdint>

#include "cpu/simd/vec.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

// Sums that do not wait for each other: enough for two pipes of latency five, and they fit into 16 registers.
constexpr int sums = 12;

}  // namespace

// Writes how many multiply-adds `rounds` rounds make; returns a number that depends on all of them.
float multiply_add_loop(int64_t rounds, float factor, float term, double* count) {
  const NativeFloat factors = Vec<float>(factor).native, terms = Vec<float>(term).native;
  NativeFloat sum[sums];
  for (int i = 0; i < sums; ++i) sum[i] = Vec<float>(static_cast<float>(i)).native;
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < sums; ++i) sum[i] = sum[i] * factors + terms;
  }
  float result = 0;
  for (int i = 0; i < sums; ++i) {
    for (int lane = 0; lane < vector_lanes; ++lane) result += sum[i][lane];
  }
  *count = static_cast<double>(rounds) * sums * vector_lanes;
  return result;
}

}  // namespace gradmill::GM_ISA_NAMESPACE
