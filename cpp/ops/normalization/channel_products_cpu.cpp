// The sums of dy and of dy * (x - center), in one pass.
#include "ops/normalization/channel_sums_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class T>
void sum_piece(const T* __restrict dy, const T* __restrict x, const T* __restrict center, int64_t rows, int64_t channels,
               T* __restrict sum, T* __restrict product) {
  for (int64_t c = 0; c < channels; ++c) sum[c] = product[c] = 0;
  int64_t row = 0;
  for (; row + 2 <= rows; row += 2, dy += 2 * channels, x += 2 * channels) {
    for (int64_t c = 0; c < channels; ++c) {
      const T a = dy[c], b = dy[c + channels];
      sum[c] += a + b;
      product[c] += a * (x[c] - center[c]) + b * (x[c + channels] - center[c]);
    }
  }
  for (; row < rows; ++row, dy += channels, x += channels) {
    for (int64_t c = 0; c < channels; ++c) {
      sum[c] += dy[c];
      product[c] += dy[c] * (x[c] - center[c]);
    }
  }
}

template <class T>
void run(const KernelCall& call) {
  const ChannelSums& p = parameters_of<ChannelSums>(call);
  if (call.phase == 0) {
    for (int64_t piece = call.begin; piece < call.end; ++piece) {
      T* to = piece_numbers<T>(call, p, piece);
      const int64_t begin = piece * p.piece_rows * p.channels;
      sum_piece(static_cast<const T*>(call.buffers[0]) + begin, static_cast<const T*>(call.buffers[1]) + begin,
                static_cast<const T*>(call.buffers[2]), p.rows_of(piece), p.channels, to, to + p.channels);
    }
    return;
  }
  const int64_t last = lesser(call.end * combined_channels, p.channels);
  for (int64_t c = call.begin * combined_channels; c < last; ++c) {
    double sum = 0, product = 0;
    for (int64_t i = 0; i < p.pieces; ++i) {
      sum += double(piece_numbers<T>(call, p, i)[c]);
      product += double(piece_numbers<T>(call, p, i)[p.channels + c]);
    }
    static_cast<T*>(call.buffers[3])[c] = T(sum);
    static_cast<T*>(call.buffers[4])[c] = T(product);
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) { plan_channel_sums(problem, plan, run<float>, run<double>); }

}  // namespace

void channel_products_kernels(KernelList& list) {
  static const Kernel kernel{"one pass", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
