// Mean and variance in one pass: the sums of a piece are taken of distances from its first row, which are as small as the
// data's own spread, so that nothing cancels; pieces are joined by the formula of Chan, Golub and LeVeque.
#include "ops/normalization/channel_sums_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

// The mean of a piece's rows, and the sum of squared distances from it, for a block of columns.
template <class Block, class S, class T>
GM_INLINE void measure_columns(const S* __restrict x, int64_t rows, int64_t channels, T* __restrict mean,
                               T* __restrict square) {
  typedef typename Block::Vector V;
  V shift[Block::vectors], sum[Block::rows][Block::vectors] = {}, squares[Block::rows][Block::vectors] = {};
  for (int v = 0; v < Block::vectors; ++v) shift[v] = Block::load(x, v);
  Block::for_rows(1, rows, [&](int64_t row, int r) {
#pragma GCC unroll 4
    for (int v = 0; v < Block::vectors; ++v) {
      const V distance = Block::load(x + row * channels, v) - shift[v];
      sum[r][v] += distance;
      squares[r][v] += distance * distance;
    }
  });
  const T share = T(1) / T(rows);
  for (int v = 0; v < Block::vectors; ++v) {
    const V all = Block::total(sum, v), move = all * share, left = Block::total(squares, v) - move * all;
    Block::store(square, v, left < 0 ? V{} : left);
    Block::store(mean, v, shift[v] + move);
  }
}

template <class S, class T>
void measure_piece(const S* x, int64_t rows, int64_t channels, T* mean, T* square) {
  for_column_blocks<T>(channels, [&](auto block, int64_t c) {
    measure_columns<decltype(block)>(x + c, rows, channels, mean + c, square + c);
  });
}

template <class T>
void join_pieces(const KernelCall& call, const ChannelSums& p, int64_t channel, T* mean_to, T* variance_to) {
  double mean = 0, square = 0;
  for (int64_t i = 0; i < p.pieces; ++i)
    mean += double(piece_numbers<T>(call, p, i)[channel]) * double(p.rows_of(i));
  mean /= double(p.rows);
  for (int64_t i = 0; i < p.pieces; ++i) {
    const T* numbers = piece_numbers<T>(call, p, i);
    const double distance = double(numbers[channel]) - mean;
    square += double(numbers[p.channels + channel]) + double(p.rows_of(i)) * distance * distance;
  }
  mean_to[channel] = T(mean);
  variance_to[channel] = T(square / double(p.rows));
}

// S is how x is stored, T what is computed in.
template <class S, class T>
void run(const KernelCall& call) {
  const ChannelSums& p = parameters_of<ChannelSums>(call);
  if (call.phase == 0) {
    for (int64_t piece = call.begin; piece < call.end; ++piece) {
      T* to = piece_numbers<T>(call, p, piece);
      measure_piece(static_cast<const S*>(call.buffers[0]) + piece * p.piece_rows * p.channels, p.rows_of(piece),
                    p.channels, to, to + p.channels);
    }
    return;
  }
  const int64_t last = lesser(call.end * combined_channels, p.channels);
  for (int64_t c = call.begin * combined_channels; c < last; ++c) {
    join_pieces(call, p, c, static_cast<T*>(call.buffers[1]), static_cast<T*>(call.buffers[2]));
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  plan_channel_sums(problem, plan, {run<float, float>, run<double, double>, run<BFloat16, float>, run<Float16, float>});
}

}  // namespace

void channel_moments_kernels(KernelList& list) {
  static const Kernel kernel{"one pass", refuse_other_storage, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
