// Depthwise, float32: each unit sums over its lines of outputs into a kernel of its own; the second phase adds these up,
// always in the same order.
#include "ops/convolution/depthwise_kernel.h"
#include "ops/convolution/partial_sums_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t most_units = 48;
constexpr int64_t column_bytes = 24 * 1024;  // of pixels that are summed before the next rows of the kernel
constexpr int64_t fewest_columns = 8;
constexpr int64_t sum_block = 1024;  // elements that one unit of the second phase adds up

struct Parameters {
  ConvolutionGeometry geometry;
  int64_t lines, units;
};

// Adds to WINDOW neighbouring taps what COLUMNS neighbouring outputs send them. x is the source pixel that the first
// output sees through the first tap; all pixels read lie within the source.
template <class V, int WINDOW, int STRIDE, int COLUMNS, int NV>
GM_INLINE void add_columns(const float* x, const float* dy, int64_t channels, V sum[WINDOW][NV]) {
  typedef Channels<V> C;
  V gradient[COLUMNS][NV];
#pragma GCC unroll 4
  for (int i = 0; i < COLUMNS; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) gradient[i][v] = C::load(dy + i * channels + v * C::count);
#pragma GCC unroll 16
  for (int j = 0; j < (COLUMNS - 1) * STRIDE + WINDOW; ++j, x += channels) {
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) {
      const V value = C::load(x + v * C::count);
#pragma GCC unroll 8
      for (int t = 0; t < WINDOW; ++t) {
        const int i = j - t;  // STRIDE times the output that sees pixel j through tap t
        if (i >= 0 && i % STRIDE == 0 && i / STRIDE < COLUMNS) sum[t][v] += value * gradient[i / STRIDE][v];
      }
    }
  }
}

// The same for outputs [begin, end) of a line; x and dy are those of output 0. `meanwhile`: what to fetch during it.
template <class V, int WINDOW, int STRIDE, int NV>
GM_INLINE void add_line(const float* x, const float* dy, int64_t begin, int64_t end, int64_t stride, int64_t channels,
                        const Meanwhile& meanwhile, float* to) {
  typedef Channels<V> C;
  constexpr int columns = WINDOW == 1 ? 1 : WINDOW <= 3 ? 4 : 2;
  V sum[WINDOW][NV];
#pragma GCC unroll 8
  for (int t = 0; t < WINDOW; ++t)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) sum[t][v] = C::load(to + t * channels + v * C::count);
  x += begin * stride * channels;
  dy += begin * channels;
  int64_t left = end - begin;
  if constexpr (columns > 1) {
    for (; left >= columns; left -= columns, x += columns * STRIDE * channels, dy += columns * channels) {
      if (C::count > 1 && meanwhile.floats > 0) {
#pragma GCC unroll 8
        for (int i = 0; i < columns * STRIDE; ++i) __builtin_prefetch(x + meanwhile.floats + i * channels);
#pragma GCC unroll 4
        for (int i = 0; i < columns; ++i) __builtin_prefetch(dy + meanwhile.floats + i * channels);
      } else if (C::count > 1) {
        fetch_ahead<columns * (STRIDE + 1)>(meanwhile.next);
      }
      add_columns<V, WINDOW, STRIDE, columns, NV>(x, dy, channels, sum);
    }
  }
  for (; left > 0; --left, x += stride * channels, dy += channels) add_columns<V, WINDOW, 1, 1, NV>(x, dy, channels, sum);
#pragma GCC unroll 8
  for (int t = 0; t < WINDOW; ++t)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) C::store(to + t * channels + v * C::count, sum[t][v]);
}

// The same for all channels.
template <int WINDOW, int STRIDE>
void add_channels(const float* x, const float* dy, int64_t begin, int64_t end, int64_t stride, int64_t channels,
                  const Meanwhile& meanwhile, float* to) {
  if (begin >= end) return;
  constexpr int group = 2;  // with two sums for each tap the next addition need not wait for the last
  int64_t c = 0;
  for (; c + group * wide_lanes <= channels; c += group * wide_lanes) {
    add_line<Wide, WINDOW, STRIDE, group>(x + c, dy + c, begin, end, stride, channels, meanwhile, to + c);
  }
  for (; c + wide_lanes <= channels; c += wide_lanes) {
    add_line<Wide, WINDOW, STRIDE, 1>(x + c, dy + c, begin, end, stride, channels, meanwhile, to + c);
  }
  for (; c < channels; ++c) add_line<float, WINDOW, STRIDE, 1>(x + c, dy + c, begin, end, stride, channels, Meanwhile{}, to + c);
}

// What outputs [begin, end) of a line add to a row of the kernel's taps.
void add_row(const float* x, const float* dy, const PatchAxis& axis, int64_t begin, int64_t end, int64_t channels,
             const Meanwhile& meanwhile, float* to) {
  const int64_t stride = axis.source_step;
  const bool known = axis.tap_step == 1 && stride <= 2 && (axis.taps == 3 || axis.taps == 5);
  InnerRange inner = known ? inner_range(axis) : InnerRange{begin, begin};
  inner.begin = lesser(end, greater(begin, inner.begin));
  inner.end = greater(inner.begin, lesser(end, inner.end));
  if (known) {
    const float* first = x + axis.origin * channels;
    const auto add = axis.taps == 3 ? (stride == 1 ? add_channels<3, 1> : add_channels<3, 2>)
                                    : (stride == 1 ? add_channels<5, 1> : add_channels<5, 2>);
    add(first, dy, inner.begin, inner.end, stride, channels, meanwhile, to);
  }
  for (int64_t t = 0; t < axis.taps; ++t) {  // the outputs that do not see all taps, or any window
    const int64_t at = axis.origin + t * axis.tap_step;
    const int64_t low = greater(begin, at < 0 ? divide_up(-at, stride) : 0);
    const int64_t high = lesser(end, at < axis.size ? divide_up(axis.size - at, stride) : 0);
    const float* first = x + at * channels;
    add_channels<1, 1>(first, dy, low, lesser(high, inner.begin), stride, channels, Meanwhile{}, to + t * channels);
    add_channels<1, 1>(first, dy, greater(low, inner.end), high, stride, channels, Meanwhile{}, to + t * channels);
  }
}

void run_lines(const Parameters& p, const KernelCall& call) {
  const ConvolutionGeometry& g = p.geometry;
  const float *x = static_cast<const float*>(call.buffers[0]), *dy = static_cast<const float*>(call.buffers[1]);
  AxisParts axes[3];
  forward_parts(g, axes, false);
  const PatchAxis &a0 = axes[0].items[0], &a1 = axes[1].items[0], &a2 = axes[2].items[0];
  const int64_t elements = g.taps() * g.channels;
  const int64_t column_block = greater(fewest_columns, column_bytes / 4 / ((g.window[0] * g.window[1] + 1) * g.channels));
  const Meanwhile meanwhile = fetched_meanwhile(g.channels);
  const Meanwhile upper{0, meanwhile.next};  // rows but the last were fetched for the line before
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    float* sums = p.units == 1 ? static_cast<float*>(call.buffers[2])
                               : reinterpret_cast<float*>(call.shared_scratch) + unit * elements;
    clear_values(sums, elements);
    for (int64_t line = p.lines * unit / p.units; line < p.lines * (unit + 1) / p.units; ++line) {
      const int64_t q1 = line % g.out[1], q0 = line / g.out[1] % g.out[0], image = line / (g.out[1] * g.out[0]);
      const TapRange taps0 = valid_taps(a0, q0), taps1 = valid_taps(a1, q1);
      for (int64_t q2 = 0; q2 < g.out[2]; q2 += column_block) {
        for (int64_t t0 = taps0.low; t0 < taps0.high; ++t0) {
          for (int64_t t1 = taps1.low; t1 < taps1.high; ++t1) {
            const int64_t y0 = a0.origin + q0 * a0.source_step + t0 * a0.tap_step;
            const int64_t y1 = a1.origin + q1 * a1.source_step + t1 * a1.tap_step;
            add_row(x + ((image * g.in[0] + y0) * g.in[1] + y1) * g.in[2] * g.channels, dy + line * g.out[2] * g.channels,
                    a2, q2, lesser(q2 + column_block, g.out[2]), g.channels, t1 + 1 == taps1.high ? meanwhile : upper,
                    sums + (t0 * g.window[1] + t1) * g.window[2] * g.channels);
          }
        }
      }
    }
  }
}

void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  if (call.phase == 0) return run_lines(p, call);
  add_pieces<float>(call, p.units, p.geometry.taps() * p.geometry.channels, sum_block);
}

const char* refuse(const KernelProblem& problem) { return refuse_for_depthwise(problem, kernel_gradient_geometry(problem)); }

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  p.geometry = kernel_gradient_geometry(problem);
  const ConvolutionGeometry& g = p.geometry;
  p.lines = g.batch * g.out[0] * g.out[1];
  const int64_t elements = g.taps() * g.channels;
  const int64_t worthwhile = g.batch * g.out_pixels() * g.channels / (depthwise_unit_bytes / 4);
  p.units = greater(1, lesser(lesser(most_units, p.lines), worthwhile));
  set_units(plan, run, p.units, g.multiplications() / 4);
  if (p.units > 1) {
    plan.phases = 2;
    plan.units[1] = divide_up(elements, sum_block);
    plan.shared_scratch_bytes = static_cast<size_t>(p.units * elements) * sizeof(float);
  }
}

}  // namespace

void add_depthwise_kernel_gradient(KernelList& list) {
  static const Kernel kernel{"depthwise", refuse, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
