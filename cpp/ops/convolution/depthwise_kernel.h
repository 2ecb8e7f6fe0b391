#pragma once
// Depthwise convolutions of one filter a channel: channels are the vectors, and the sums of several pixels of a line stay
// in registers while the kernel passes over them. The same code makes outputs of inputs and inputs' gradients of outputs'
// gradients; the latter fall into residues of the stride (patches_kernel.h), each a convolution of stride 1.
#include "cpu/channel_vector.h"
#include "cpu/fetch_ahead.h"
#include "ops/convolution/patches_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

typedef ChannelVector<float>::Type Wide;
typedef ChannelVector<float>::InMemory WideInMemory;
constexpr int wide_lanes = ChannelVector<float>::lanes;

// A vector of channels, or one channel.
template <class V>
struct Channels;
template <>
struct Channels<Wide> {
  static constexpr int count = wide_lanes;
  static GM_INLINE Wide load(const float* from) { return *reinterpret_cast<const WideInMemory*>(from); }
  static GM_INLINE void store(float* to, const Wide& value) { *reinterpret_cast<WideInMemory*>(to) = value; }
};
template <>
struct Channels<float> {
  static constexpr int count = 1;
  static GM_INLINE float load(const float* from) { return *from; }
  static GM_INLINE void store(float* to, float value) { *to = value; }
};

constexpr int max_window_rows = 64;  // taps of all axes but the last

constexpr int64_t bytes_ahead = 3072;  // some 300 ns of work

// What is fetched during the arithmetic.
struct Meanwhile {
  int64_t floats = 0;     // from what is computed to what is fetched of the same values, or 0
  Ahead* next = nullptr;  // in a chain, whose pieces are in the cache: what comes next
};

static inline Meanwhile fetched_meanwhile(int64_t channels) {
  Ahead* const next = worker_ahead();
  if (next && next->count > 0) return {0, next};
  return {divide_up(bytes_ahead / 4, channels) * channels, nullptr};
}

// One line of results: the rows of source pixels that it sees, each with its row of the kernel.
struct DepthwiseLine {
  int rows;
  const float* source[max_window_rows];  // pixel 0 of the row
  const float* kernel[max_window_rows];  // tap 0 of this line's last axis
  int64_t channels;                      // from pixel to pixel of the source
  int64_t row_step;                      // from row to row
  int64_t kernel_step;                   // from tap to tap
  Meanwhile meanwhile;
};

// COLUMNS neighbouring results, all of whose taps lie within the source; x2 is the first source pixel.
template <class V, int WINDOW, int STRIDE, int COLUMNS, int NV>
GM_INLINE void inner_columns(const DepthwiseLine& line, int64_t x2, int64_t channel, float* to, int64_t to_step) {
  typedef Channels<V> C;
  if constexpr (COLUMNS > 1 && C::count > 1) {
    if (line.meanwhile.floats == 0) {
      fetch_ahead<COLUMNS * STRIDE>(line.meanwhile.next);
    } else {
      // Lines begin anew at every pixel, which hardware does not follow. The upper rows were fetched for the line before.
      const float* next = line.source[line.rows - 1] + x2 * line.channels + channel + line.meanwhile.floats;
#pragma GCC unroll 16
      for (int i = 0; i < COLUMNS * STRIDE; ++i, next += line.channels) {
        __builtin_prefetch(next);
        if constexpr (STRIDE > 1) __builtin_prefetch(next - line.row_step);
      }
#pragma GCC unroll 8
      for (int i = 0; i < COLUMNS; ++i) __builtin_prefetch(to + i * to_step + line.meanwhile.floats, 1);
    }
  }
  V sum[COLUMNS][NV];
#pragma GCC unroll 8
  for (int i = 0; i < COLUMNS; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) sum[i][v] = V{};
  for (int r = 0; r < line.rows; ++r) {
    const float* x = line.source[r] + x2 * line.channels + channel;
    const float* w = line.kernel[r] + channel;
    V weight[WINDOW][NV];
#pragma GCC unroll 8
    for (int t = 0; t < WINDOW; ++t)
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) weight[t][v] = C::load(w + t * line.kernel_step + v * C::count);
#pragma GCC unroll 16
    for (int j = 0; j < (COLUMNS - 1) * STRIDE + WINDOW; ++j) {
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) {
        const V value = C::load(x + v * C::count);
#pragma GCC unroll 8
        for (int t = 0; t < WINDOW; ++t) {
          const int i = j - t;  // STRIDE times the result that this tap belongs to
          if (i >= 0 && i % STRIDE == 0 && i / STRIDE < COLUMNS) sum[i / STRIDE][v] += value * weight[t][v];
        }
      }
      x += line.channels;
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < COLUMNS; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) C::store(to + i * to_step + v * C::count, sum[i][v]);
}

// One result of any window, with the taps [low, high) of the last axis.
template <class V, int NV>
GM_INLINE void any_column(const DepthwiseLine& line, int64_t x2, int64_t tap_step, TapRange taps, int64_t channel, float* to) {
  typedef Channels<V> C;
  V sum[NV];
  for (int v = 0; v < NV; ++v) sum[v] = V{};
  for (int r = 0; r < line.rows; ++r) {
    for (int64_t t = taps.low; t < taps.high; ++t) {
      const float* x = line.source[r] + (x2 + t * tap_step) * line.channels + channel;
      const float* w = line.kernel[r] + t * line.kernel_step + channel;
      for (int v = 0; v < NV; ++v) sum[v] += C::load(x + v * C::count) * C::load(w + v * C::count);
    }
  }
  for (int v = 0; v < NV; ++v) C::store(to + v * C::count, sum[v]);
}

// Results [begin, end) of a line by the code for any window, for all channels.
inline void any_columns(const DepthwiseLine& line, const PatchAxis& axis, int64_t begin, int64_t end, float* to,
                        int64_t to_step) {
  for (int64_t q = begin; q < end; ++q) {
    const TapRange taps = valid_taps(axis, q);
    const int64_t x2 = axis.origin + q * axis.source_step;
    int64_t channel = 0;
    for (; channel + 4 * wide_lanes <= line.channels; channel += 4 * wide_lanes) {
      any_column<Wide, 4>(line, x2, axis.tap_step, taps, channel, to + q * to_step + channel);
    }
    for (; channel + wide_lanes <= line.channels; channel += wide_lanes) {
      any_column<Wide, 1>(line, x2, axis.tap_step, taps, channel, to + q * to_step + channel);
    }
    for (; channel < line.channels; ++channel) {
      any_column<float, 1>(line, x2, axis.tap_step, taps, channel, to + q * to_step + channel);
    }
  }
}

// The results of a line all of whose taps lie within the source.
struct InnerRange {
  int64_t begin, end;
};

static inline InnerRange inner_range(const PatchAxis& axis) {
  const int64_t begin = axis.origin < 0 ? lesser(axis.count, divide_up(-axis.origin, axis.source_step)) : 0;
  const int64_t last = axis.size - 1 - (axis.taps - 1) * axis.tap_step - axis.origin;  // largest allowed q * source_step
  const int64_t end = last < 0 ? begin : lesser(axis.count, last / axis.source_step + 1);
  return {begin, greater(begin, end)};
}

// COLUMNS neighbouring results for channels [begin, end).
template <int WINDOW, int STRIDE, int COLUMNS>
GM_INLINE void inner_channels(const DepthwiseLine& line, int64_t x2, int64_t begin, int64_t end, float* to, int64_t to_step) {
  constexpr int pair = WINDOW <= 3 ? 2 : 1;
  int64_t channel = begin;
  for (; channel + pair * wide_lanes <= end; channel += pair * wide_lanes) {
    inner_columns<Wide, WINDOW, STRIDE, COLUMNS, pair>(line, x2, channel, to + channel, to_step);
  }
  for (; channel + wide_lanes <= end; channel += wide_lanes) {
    inner_columns<Wide, WINDOW, STRIDE, COLUMNS, 1>(line, x2, channel, to + channel, to_step);
  }
  for (; channel < end; ++channel) {
    inner_columns<float, WINDOW, STRIDE, COLUMNS, 1>(line, x2, channel, to + channel, to_step);
  }
}

constexpr int64_t weight_bytes = 8 * 1024;  // of a kernel's channels that stay in the first-level cache

template <int COUNT>
struct Columns {
  static constexpr int value = COUNT;
};

// A line of results for windows that are known here. Few columns and many channels at a time: memory is then read and
// written in long runs.
template <int WINDOW, int STRIDE>
void known_line(const DepthwiseLine& line, const PatchAxis& axis, float* to, int64_t to_step) {
  constexpr int columns = WINDOW <= 3 ? 4 : 6;  // with the weights they fill the registers
  InnerRange range = inner_range(axis);
  any_columns(line, axis, 0, range.begin, to, to_step);
  if (line.rows == 0) {
    any_columns(line, axis, range.begin, range.end, to, to_step);
    range.begin = range.end;
  }
  constexpr int64_t block = weight_bytes / 4 / (WINDOW * WINDOW) / 16 * 16;
  for (int64_t first = 0; first < line.channels; first += block) {
    const int64_t last = lesser(first + block, line.channels);
    const auto make = [&](auto width, int64_t q) {
      inner_channels<WINDOW, STRIDE, width.value>(line, axis.origin + q * STRIDE, first, last, to + q * to_step, to_step);
    };
    int64_t q = range.begin;
    for (; q + columns <= range.end; q += columns) make(Columns<columns>(), q);
    if (WINDOW > 3 && q < range.end) {  // single columns take long: the last are made once more with some made already
      const int64_t results = range.end - range.begin;
      if (results >= columns) {
        q = range.end - columns;
        make(Columns<columns>(), q);
        q = range.end;
      } else if (results >= columns / 2) {
        make(Columns<columns / 2>(), q);
        if (results > columns / 2) make(Columns<columns / 2>(), range.end - columns / 2);
        q = range.end;
      }
    }
    for (; q < range.end; ++q) make(Columns<1>(), q);
  }
  any_columns(line, axis, range.end, axis.count, to, to_step);
}

static inline void depthwise_columns(const DepthwiseLine& line, const PatchAxis& axis, float* to, int64_t to_step) {
  if (axis.tap_step == 1 && axis.source_step == 1) {
    if (axis.taps == 1) return known_line<1, 1>(line, axis, to, to_step);
    if (axis.taps == 2) return known_line<2, 1>(line, axis, to, to_step);
    if (axis.taps == 3) return known_line<3, 1>(line, axis, to, to_step);
    if (axis.taps == 5) return known_line<5, 1>(line, axis, to, to_step);
  } else if (axis.tap_step == 1 && axis.source_step == 2) {
    if (axis.taps == 3) return known_line<3, 2>(line, axis, to, to_step);
    if (axis.taps == 5) return known_line<5, 2>(line, axis, to, to_step);
  }
  any_columns(line, axis, 0, axis.count, to, to_step);
}

// Everything that a run over lines of results needs.
struct DepthwisePass {
  AxisParts axes[3];   // along each axis a part for each residue of its step, which is the number of parts
  int64_t result[3];   // sizes of the result
  int64_t window[3];
  int64_t channels;
};

// Makes line number `number` of all images' results at `to`.
static inline void depthwise_line(const DepthwisePass& pass, const float* source, const float* kernel, int64_t number, float* to) {
  const int64_t i1 = number % pass.result[1], rest = number / pass.result[1];
  const int64_t i0 = rest % pass.result[0], image = rest / pass.result[0];
  const PatchAxis &a0 = pass.axes[0].items[i0 % pass.axes[0].count], &a1 = pass.axes[1].items[i1 % pass.axes[1].count];
  const int64_t q0 = i0 / pass.axes[0].count, q1 = i1 / pass.axes[1].count;
  const TapRange taps0 = valid_taps(a0, q0), taps1 = valid_taps(a1, q1);
  for (int part = 0; part < pass.axes[2].count; ++part) {
    const PatchAxis& a2 = pass.axes[2].items[part];
    DepthwiseLine line;
    line.rows = 0;
    line.channels = pass.channels;
    line.row_step = a1.tap_step * a2.size * pass.channels;
    line.kernel_step = a2.kernel_step * pass.channels;
    line.meanwhile = fetched_meanwhile(pass.channels);
    for (int64_t t0 = taps0.low; t0 < taps0.high; ++t0) {
      for (int64_t t1 = taps1.low; t1 < taps1.high; ++t1) {
        const int64_t y0 = a0.origin + q0 * a0.source_step + t0 * a0.tap_step;
        const int64_t y1 = a1.origin + q1 * a1.source_step + t1 * a1.tap_step;
        const int64_t k0 = a0.kernel_first + t0 * a0.kernel_step, k1 = a1.kernel_first + t1 * a1.kernel_step;
        line.source[line.rows] = source + ((image * a0.size + y0) * a1.size + y1) * a2.size * pass.channels;
        line.kernel[line.rows++] = kernel + ((k0 * pass.window[1] + k1) * pass.window[2] + a2.kernel_first) * pass.channels;
      }
    }
    depthwise_columns(line, a2, to + a2.first * pass.channels, a2.step * pass.channels);
  }
}

static inline const char* refuse_for_depthwise(const KernelProblem& problem, const ConvolutionGeometry& g) {
  if (problem.inputs[0].dtype != DType::float32) return "the inputs are not float32";
  if (g.group_channels() != 1 || g.group_filters() != 1) return "not one filter for each channel";
  if (g.window[0] * g.window[1] > max_window_rows) return "a kernel of too many rows";
  return nullptr;
}

constexpr int64_t depthwise_unit_bytes = 64 * 1024;  // of results

static inline int64_t depthwise_lines_per_unit(const DepthwisePass& pass) {
  return greater(1, depthwise_unit_bytes / 4 / (pass.result[2] * pass.channels));
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
