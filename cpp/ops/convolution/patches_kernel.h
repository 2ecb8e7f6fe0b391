#pragma once
// The matrix that a convolution multiplies its kernel with: a line for each result pixel, which holds the source pixels
// below the kernel. It is never stored; blocks of lines are copied to where the matrix product wants them.
//
// A problem falls into parts, whose result pixels all see the same taps of the kernel: the residues of strided input
// gradients (so that no zeros are multiplied), and on small maps the pixels near the border, for which much of the kernel
// lies outside.
#include "ops/convolution/convolution_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {

// One spatial axis of a part. Result pixel q lies at first + q * step and sees, through tap t, the source pixel
// origin + q * source_step + t * tap_step, which exists if it is within [0, size). Tap t is the kernel's entry
// kernel_first + t * kernel_step.
struct PatchAxis {
  int64_t count, first, step;
  int64_t taps, kernel_first, kernel_step;
  int64_t origin, source_step, tap_step, size;
};

constexpr int max_axis_parts = 16;

struct AxisParts {
  int count;
  PatchAxis items[max_axis_parts];
};

struct Patches {
  PatchAxis axis[3];
  int64_t batch;
  int64_t channels;    // of a source pixel
  int64_t depth;       // how many of them are used
  const void* source;  // first used channel of the first pixel

  int64_t lines() const { return batch * axis[0].count * axis[1].count * axis[2].count; }
  int64_t taps() const { return axis[0].taps * axis[1].taps * axis[2].taps; }
  int64_t line_length() const { return taps() * depth; }
  // Where tap number `tap` of this part stands in the kernel.
  int64_t kernel_tap(int64_t tap, const int64_t* window) const {
    const int64_t t2 = tap % axis[2].taps, t1 = tap / axis[2].taps % axis[1].taps;
    const int64_t t0 = tap / (axis[2].taps * axis[1].taps);
    const auto place = [&](int i, int64_t t) { return axis[i].kernel_first + t * axis[i].kernel_step; };
    return (place(0, t0) * window[1] + place(1, t1)) * window[2] + place(2, t2);
  }
  // The number, within a dense result of the given sizes, of the pixel of a line.
  int64_t result_pixel(int64_t line, const int64_t* result) const {
    const int64_t q2 = line % axis[2].count, q1 = line / axis[2].count % axis[1].count;
    const int64_t rest = line / (axis[2].count * axis[1].count), q0 = rest % axis[0].count;
    const auto place = [&](int i, int64_t q) { return axis[i].first + q * axis[i].step; };
    return ((rest / axis[0].count * result[0] + place(0, q0)) * result[1] + place(1, q1)) * result[2] + place(2, q2);
  }
};

template <class T>
GM_INLINE void copy_values(T* to, const T* from, int64_t count) {
  typedef T Wide __attribute__((vector_size(32), aligned(sizeof(T)), may_alias));
  constexpr int64_t lanes = 32 / sizeof(T);
  if (count < lanes) {
    for (int64_t i = 0; i < count; ++i) to[i] = from[i];
    return;
  }
  for (int64_t i = 0; i + lanes <= count; i += lanes) *reinterpret_cast<Wide*>(to + i) = *reinterpret_cast<const Wide*>(from + i);
  *reinterpret_cast<Wide*>(to + count - lanes) = *reinterpret_cast<const Wide*>(from + count - lanes);
}

template <class T>
GM_INLINE void clear_values(T* to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = T(0);
}

// Writes elements [first, first + count) of lines [line, line + lines) to `to`, one line every `stride` elements: the
// contract of GemmSource::pack_a, with `context` a Patches.
template <class T>
void pack_patches(const void* context, long line, long lines, long first, long count, void* to, long stride) {
  const Patches& p = *static_cast<const Patches*>(context);
  const PatchAxis &a0 = p.axis[0], &a1 = p.axis[1], &a2 = p.axis[2];
  // A stripe is what lies side by side in the source: the taps of the last axis, or the channels of one tap.
  const bool joined = a2.tap_step == 1 && p.depth == p.channels;
  const int64_t stripe = joined ? a2.taps * p.channels : p.depth, stripe_taps = joined ? 1 : a2.taps;
  const int64_t first_stripe = first / stripe, first_offset = first - first_stripe * stripe;
  const int64_t first_t2 = first_stripe % stripe_taps, first_t1 = first_stripe / stripe_taps % a1.taps;
  const int64_t first_t0 = first_stripe / (stripe_taps * a1.taps);
  int64_t q2 = line % a2.count, q1 = line / a2.count % a1.count;
  int64_t image = line / (a2.count * a1.count), q0 = image % a0.count;
  image /= a0.count;
  const T* source = static_cast<const T*>(p.source);
  T* line_to = static_cast<T*>(to);
  for (long i = 0; i < lines; ++i, line_to += stride) {
    const int64_t x0 = a0.origin + q0 * a0.source_step, x1 = a1.origin + q1 * a1.source_step;
    const int64_t x2 = a2.origin + q2 * a2.source_step;
    int64_t t0 = first_t0, t1 = first_t1, t2 = first_t2, offset = first_offset, left = count;
    T* out = line_to;
    while (left > 0) {
      const int64_t length = lesser(stripe - offset, left);
      const int64_t y0 = x0 + t0 * a0.tap_step, y1 = x1 + t1 * a1.tap_step, y2 = x2 + t2 * a2.tap_step;
      if (y0 < 0 || y0 >= a0.size || y1 < 0 || y1 >= a1.size) {
        clear_values(out, length);
      } else {
        const T* row = source + ((image * a0.size + y0) * a1.size + y1) * a2.size * p.channels;
        if (!joined) {
          if (y2 >= 0 && y2 < a2.size) copy_values(out, row + y2 * p.channels + offset, length);
          else clear_values(out, length);
        } else if (y2 >= 0 && y2 + a2.taps <= a2.size) {
          copy_values(out, row + y2 * p.channels + offset, length);
        } else {
          const int64_t end = offset + length;
          const int64_t low = lesser(end, greater(offset, -y2 * p.channels));
          const int64_t high = greater(low, lesser(end, (a2.size - y2) * p.channels));
          clear_values(out, low - offset);
          copy_values(out + (low - offset), row + y2 * p.channels + low, high - low);
          clear_values(out + (high - offset), end - high);
        }
      }
      out += length;
      left -= length;
      offset = 0;
      if (++t2 == stripe_taps) {
        t2 = 0;
        if (++t1 == a1.taps) {
          t1 = 0;
          ++t0;
        }
      }
    }
    if (++q2 == a2.count) {
      q2 = 0;
      if (++q1 == a1.count) {
        q1 = 0;
        if (++q0 == a0.count) {
          q0 = 0;
          ++image;
        }
      }
    }
  }
}

// The taps [low, high) through which result pixel q sees a source pixel.
struct TapRange {
  int64_t low, high;
};

static inline TapRange valid_taps(const PatchAxis& axis, int64_t q) {
  const int64_t at = axis.origin + q * axis.source_step;
  const int64_t low = at < 0 ? lesser(axis.taps, divide_up(-at, axis.tap_step)) : 0;
  const int64_t high = at < axis.size ? lesser(axis.taps, divide_up(axis.size - at, axis.tap_step)) : 0;
  return {low, greater(low, high)};
}

// The share of pairs of pixel and tap that meet within the source; of long axes nearly all do.
static inline double valid_share(const PatchAxis& axis) {
  if (axis.count > max_axis_parts || axis.taps == 0) return 1;
  int64_t valid = 0;
  for (int64_t q = 0; q < axis.count; ++q) {
    const TapRange range = valid_taps(axis, q);
    valid += range.high - range.low;
  }
  return static_cast<double>(valid) / static_cast<double>(axis.count * axis.taps);
}

// Below this share of useful products a problem is split by what its pixels see.
constexpr double worthwhile_share = 0.75;

// Adds `axis` in runs of pixels that see the same taps. False if they are too many.
static inline bool add_runs(const PatchAxis& axis, AxisParts& parts) {
  for (int64_t q = 0; q < axis.count;) {
    const TapRange range = valid_taps(axis, q);
    int64_t end = q + 1;
    for (; end < axis.count; ++end) {
      const TapRange other = valid_taps(axis, end);
      if (other.low != range.low || other.high != range.high) break;
    }
    if (parts.count == max_axis_parts) return false;
    PatchAxis& run = parts.items[parts.count++];
    run = axis;
    run.count = end - q;
    run.first += q * axis.step;
    run.taps = range.high - range.low;
    run.kernel_first += range.low * axis.kernel_step;
    run.origin += q * axis.source_step + range.low * axis.tap_step;
    q = end;
  }
  return true;
}

// Splits the axes of a problem where that saves enough.
static inline void split_borders(AxisParts* axes) {
  double share = 1;
  for (int i = 0; i < 3; ++i) {
    double pairs = 0, valid = 0;
    for (int j = 0; j < axes[i].count; ++j) {
      const PatchAxis& part = axes[i].items[j];
      const double all = static_cast<double>(part.count * part.taps);
      pairs += all;
      valid += all * valid_share(part);
    }
    if (pairs > 0) share *= valid / pairs;
  }
  if (share >= worthwhile_share) return;
  for (int i = 0; i < 3; ++i) {
    AxisParts split;
    split.count = 0;
    bool fits = true;
    for (int j = 0; j < axes[i].count && fits; ++j) fits = axes[i].items[j].count <= max_axis_parts && add_runs(axes[i].items[j], split);
    if (fits) axes[i] = split;
  }
}

// Convolution: result pixels are outputs, sources are inputs.
static inline void forward_parts(const ConvolutionGeometry& g, AxisParts* axes, bool may_split = true) {
  for (int i = 0; i < 3; ++i) {
    axes[i].count = 1;
    axes[i].items[0] = {g.out[i], 0, 1, g.window[i], 0, 1, -g.padding[i], g.stride[i], g.dilation[i], g.in[i]};
  }
  if (may_split) split_borders(axes);
}

// Input gradient: result pixels are inputs, sources are outputs. Inputs of one residue modulo the stride see the same
// taps, every so manieth of the kernel; these are taken backwards, so that they run forwards through the source.
static inline const char* input_gradient_parts(const ConvolutionGeometry& g, AxisParts* axes, bool may_split = true) {
  for (int i = 0; i < 3; ++i) {
    const int64_t stride = g.stride[i], dilation = g.dilation[i];
    int64_t common = stride, rest = dilation;  // their greatest common divisor
    while (rest != 0) {
      const int64_t next = common % rest;
      common = rest;
      rest = next;
    }
    const int64_t tap_distance = stride / common;
    axes[i].count = 0;
    for (int64_t residue = 0; residue < lesser(stride, g.in[i]); ++residue) {
      if (axes[i].count == max_axis_parts) return "too many residues of the stride";
      PatchAxis& part = axes[i].items[axes[i].count++];
      const int64_t reached = residue + g.padding[i];
      int64_t tap = 0;
      while (tap < lesser(tap_distance, g.window[i]) && (reached - tap * dilation) % stride != 0) ++tap;
      const bool none = tap >= lesser(tap_distance, g.window[i]);
      const int64_t taps = none ? 0 : (g.window[i] - 1 - tap) / tap_distance + 1;
      const int64_t step = dilation / common;
      const int64_t nearest = none ? 0 : (reached - tap * dilation) / stride;
      part = {divide_up(g.in[i] - residue, stride), residue, stride, taps, tap + (taps - 1) * tap_distance, -tap_distance,
              nearest - (taps - 1) * step, 1, step, g.out[i]};
    }
  }
  if (may_split) split_borders(axes);
  return nullptr;
}

// Kernel gradient: lines are output pixels, sources are inputs. One part, or where much of the kernel sees only padding
// a part for each tap with the pixels that see something through it.
static inline bool kernel_gradient_parts(const ConvolutionGeometry& g, AxisParts* axes) {
  double share = 1;
  bool fits = true;
  for (int i = 0; i < 3; ++i) {
    axes[i].count = 1;
    axes[i].items[0] = {g.out[i], 0, 1, g.window[i], 0, 1, -g.padding[i], g.stride[i], g.dilation[i], g.in[i]};
    share *= valid_share(axes[i].items[0]);
    fits = fits && g.window[i] <= max_axis_parts;
  }
  if (share >= worthwhile_share || !fits) return false;
  for (int i = 0; i < 3; ++i) {
    const PatchAxis whole = axes[i].items[0];
    axes[i].count = static_cast<int>(whole.taps);
    for (int64_t t = 0; t < whole.taps; ++t) {
      const int64_t at = whole.origin + t * whole.tap_step;
      const int64_t low = at < 0 ? lesser(whole.count, divide_up(-at, whole.source_step)) : 0;
      const int64_t high = at < whole.size ? lesser(whole.count, divide_up(whole.size - at, whole.source_step)) : 0;
      axes[i].items[t] = {greater(0, high - low), low, 1, 1, t, 1, at + low * whole.source_step, whole.source_step, 1, whole.size};
    }
  }
  return true;
}

}  // namespace gradmill::GM_ISA_NAMESPACE
