// The sums of dy and of dy * (x - center), in one pass.
#include "ops/normalization/channel_sums_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class Block, class S, class T>
GM_INLINE void sum_columns(const S* __restrict dy, const S* __restrict x, const T* __restrict center, int64_t rows,
                           int64_t channels, T* __restrict sum, T* __restrict product) {
  typedef typename Block::Vector V;
  V middle[Block::vectors], sums[Block::rows][Block::vectors] = {}, products[Block::rows][Block::vectors] = {};
  for (int v = 0; v < Block::vectors; ++v) middle[v] = Block::load(center, v);
  Block::for_rows(0, rows, [&](int64_t row, int r) {
#pragma GCC unroll 4
    for (int v = 0; v < Block::vectors; ++v) {
      const V value = Block::load(dy + row * channels, v);
      sums[r][v] += value;
      products[r][v] += value * (Block::load(x + row * channels, v) - middle[v]);
    }
  });
  for (int v = 0; v < Block::vectors; ++v) {
    Block::store(sum, v, Block::total(sums, v));
    Block::store(product, v, Block::total(products, v));
  }
}

template <class S, class T>
void sum_piece(const S* dy, const S* x, const T* center, int64_t rows, int64_t channels, T* sum, T* product) {
  for_column_blocks<T>(channels, [&](auto block, int64_t c) {
    sum_columns<decltype(block)>(dy + c, x + c, center + c, rows, channels, sum + c, product + c);
  });
}

// S is how dy and x are stored, T what is computed in.
template <class S, class T>
void run(const KernelCall& call) {
  const ChannelSums& p = parameters_of<ChannelSums>(call);
  if (call.phase == 0) {
    for (int64_t piece = call.begin; piece < call.end; ++piece) {
      T* to = piece_numbers<T>(call, p, piece);
      const int64_t begin = piece * p.piece_rows * p.channels;
      sum_piece(static_cast<const S*>(call.buffers[0]) + begin, static_cast<const S*>(call.buffers[1]) + begin,
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

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  plan_channel_sums(problem, plan, {run<float, float>, run<double, double>, run<BFloat16, float>, run<Float16, float>});
}

}  // namespace

void channel_products_kernels(KernelList& list) {
  static const Kernel kernel{"one pass", refuse_other_storage, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
