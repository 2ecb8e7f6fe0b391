#pragma once
// Depthwise convolutions whose numbers of channels are large powers of two, or multiples: there the pixels that a result
// sees fall into a few sets of the caches and push each other out. Here some channels of a band of rows are first copied
// to lie close together, with zeros for the padding: slices of one cache line of each pixel, each of which stays in the
// first-level cache while the kernel passes over it.
#include "ops/convolution/depthwise_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t slice_channels = 16;
constexpr int64_t group_slices = 4;            // copied together, in runs of so many lines
constexpr int64_t slice_elements = 26 * 256;   // of a band, most: with its weights most of a first-level cache
constexpr int64_t sharing_channels = 256;      // pixels as far apart share a sixteenth of the first-level cache, or less

// How a result is cut: units are bands of rows of groups of slices.
struct DepthwiseSlices {
  int64_t rows, bands, groups;
  int64_t width, pixels;  // of a slice's source, with its padding

  static DepthwiseSlices of(const DepthwisePass& pass) {
    const PatchAxis &a1 = pass.axes[1].items[0], &a2 = pass.axes[2].items[0];
    DepthwiseSlices s;
    s.width = a2.count + a2.taps - 1;
    const int64_t most = slice_elements / (s.width * slice_channels) - (a1.taps - 1);
    s.bands = divide_up(a1.count, greater(1, lesser(a1.count, most)));
    s.rows = divide_up(a1.count, s.bands);
    s.pixels = (s.rows + a1.taps - 1) * s.width;
    s.groups = divide_up(pass.channels, group_slices * slice_channels);
    return s;
  }
  int64_t kernel_elements(const DepthwisePass& pass) const { return pass.window[1] * pass.window[2] * slice_channels; }
  int64_t block_elements(const DepthwisePass& pass) const { return rows * pass.result[2] * slice_channels; }
  // The slices of a group, their kernels, and a block of results for an epilogue.
  size_t scratch_bytes(const DepthwisePass& pass, bool with_block) const {
    const int64_t sources = group_slices * (pixels * slice_channels + kernel_elements(pass));
    return static_cast<size_t>(sources + (with_block ? block_elements(pass) : 0)) * sizeof(float);
  }
};

static inline const char* refuse_for_slices(const DepthwisePass& pass) {
  if (pass.channels % slice_channels != 0) return "channels that are no whole cache lines";
  if (pass.window[0] != 1 || pass.result[0] != 1 || pass.axes[0].items[0].size != 1) return "three spatial axes";
  for (int i = 1; i < 3; ++i) {
    const PatchAxis& axis = pass.axes[i].items[0];
    if (pass.axes[i].count != 1 || axis.source_step != 1 || axis.tap_step != 1) return "strides or dilation";
    if (axis.count == 0) return "no results";
  }
  return nullptr;
}

static inline const char* decline_slices(const DepthwisePass& pass) {
  const DepthwiseSlices s = DepthwiseSlices::of(pass);
  if (pass.axes[1].items[0].taps < 5) return "a small window";
  if (pass.channels % sharing_channels != 0) return "pixels spread over the cache";
  return s.rows < pass.axes[1].items[0].taps && s.bands > 1 ? "rows are too long" : nullptr;
}

// Copies the slices that begin with channel `first` of rows from `top` on to `to`, one slice behind the other.
static inline void copy_slices(const DepthwisePass& pass, const DepthwiseSlices& s, const float* image, int64_t top,
                               int64_t first, int64_t slices, float* to) {
  const PatchAxis &a1 = pass.axes[1].items[0], &a2 = pass.axes[2].items[0];
  const int64_t step = s.pixels * slice_channels;
  for (int64_t pixel = 0; pixel < s.pixels; ++pixel) {
    const int64_t y = top + pixel / s.width, x = a2.origin + pixel % s.width;
    const bool inside = y >= 0 && y < a1.size && x >= 0 && x < a2.size;
    const float* from = inside ? image + (y * a2.size + x) * pass.channels + first : nullptr;
    for (int64_t i = 0; i < slices; ++i) {
      float* place = to + i * step + pixel * slice_channels;
      if (inside) copy_values(place, from + i * slice_channels, slice_channels);
      else clear_values(place, slice_channels);
    }
  }
}

// Makes a unit's results in `result`, or where that is null in a block of the scratch, slice after slice; finish(the index of
// its first result, the number of pixels, the block) follows each.
template <class Finish>
static inline void depthwise_slices(const DepthwisePass& pass, const DepthwiseSlices& s, const float* source,
                                    const float* kernel, int64_t unit, float* result, float* scratch, const Finish& finish) {
  const PatchAxis &a1 = pass.axes[1].items[0], &a2 = pass.axes[2].items[0];
  const int64_t image = unit / (s.bands * s.groups), top = unit / s.groups % s.bands * s.rows;
  const int64_t rows = lesser(s.rows, a1.count - top), channel = unit % s.groups * group_slices * slice_channels;
  const int64_t slices = lesser(group_slices, (pass.channels - channel) / slice_channels), taps = s.kernel_elements(pass);
  float* const kernels = scratch + group_slices * s.pixels * slice_channels;
  float* const block = kernels + group_slices * taps;
  copy_slices(pass, s, source + image * a1.size * a2.size * pass.channels, a1.origin + top, channel, slices, scratch);
  for (int64_t tap = 0; tap < a1.taps * a2.taps; ++tap) {
    const int64_t k1 = a1.kernel_first + tap / a2.taps * a1.kernel_step, k2 = a2.kernel_first + tap % a2.taps * a2.kernel_step;
    const float* from = kernel + (k1 * pass.window[2] + k2) * pass.channels + channel;
    for (int64_t i = 0; i < slices; ++i) {
      copy_values(kernels + i * taps + tap * slice_channels, from + i * slice_channels, slice_channels);
    }
  }
  PatchAxis inner = a2;
  inner.origin = 0;
  inner.size = s.width;
  for (int64_t i = 0; i < slices; ++i) {
    const int64_t begin = (image * a1.count + top) * a2.count * pass.channels + channel + i * slice_channels;
    float* to = result ? result + begin : block;
    const int64_t step = result ? pass.channels : slice_channels;
    DepthwiseLine line;
    line.rows = static_cast<int>(a1.taps);
    line.channels = line.kernel_step = slice_channels;
    line.row_step = s.width * slice_channels;
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t t = 0; t < a1.taps; ++t) {
        line.source[t] = scratch + (i * s.pixels + (row + t) * s.width) * slice_channels;
        line.kernel[t] = kernels + i * taps + t * a2.taps * slice_channels;
      }
      depthwise_columns(line, inner, to + row * a2.count * step, step);
    }
    finish(begin, rows * a2.count, to);
  }
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
