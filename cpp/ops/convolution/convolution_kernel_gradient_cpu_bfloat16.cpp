// Gradients to the kernel of a convolution of bfloat16 images, on AMX: for each tap a product of the image, turned so that
// its pixels are the terms of the sums, with the gradient of the result. All taps read the same turned rows, each from
// another pixel on. Rows of pixels follow each other with zeros between them, which stand for what lies outside, and so do
// images; where a pixel has no result its gradient is zero. With strides, pixels that are so far apart are turned to lie
// side by side, as a plane for each remainder.
#include "ops/convolution/bfloat16_convolution_kernel.h"
#include "ops/convolution/partial_sums_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t block_terms = 512;       // of a sum between two looks at the results
constexpr int64_t unit_channels = 64;
constexpr int64_t unit_filters = 256;
constexpr int64_t fewest_units = 16;
constexpr int64_t most_piece_bytes = 32 << 20;  // all partial sums
constexpr int64_t sum_block = 4096;

struct Parameters {
  ConvolutionGeometry geometry;
  int64_t step;             // the stride
  int64_t pitch;            // pixels between rows of a plane, even
  int64_t image_rows;       // between images
  int64_t band_rows, bands; // of one image; all of it where several images make a block
  int64_t block_bands;      // bands of a block
  int64_t pieces, piece_bands;
  int64_t channel_units, filter_units;
  int64_t terms;            // of a block, up to whole tiles
  int64_t margin;           // in front of the first pixel, even
  int64_t turned_stride;    // elements between channels

  bool whole_images() const { return block_bands > 1; }
  int64_t band_terms() const { return whole_images() ? image_rows * pitch : band_rows * pitch; }
  // Along an axis, the first pixel of a plane, and its place if zeros in front had places: they have none.
  int64_t first_pixel(int axis, int64_t plane) const { return ((plane - geometry.padding[axis]) % step + step) % step; }
  int64_t first_place(int axis, int64_t plane) const { return (first_pixel(axis, plane) + geometry.padding[axis]) / step; }
};

// Every `step`-th pixel of a row, `count` of them, turned: `to` has the places of the first channel.
void turn_row(const Parameters& p, const BFloat16* pixels, int64_t count, int64_t channels, uint16_t* to) {
  const int64_t all = p.geometry.channels, distance = p.step * all;
  uint32_t lines[4][256];
  for (int64_t at = 0; at < count; at += 8) {
    for (int64_t pair = 0; pair < 4 && at + 2 * pair < count; ++pair)
      interleave(pixels + (at + 2 * pair) * distance, distance, at + 2 * pair + 1 < count, channels, lines[pair]);
    const int64_t pairs = divide_up(count - at, 2);
    if (pairs >= 4) {
      turn_four(reinterpret_cast<const float(*)[256]>(lines), channels, reinterpret_cast<float*>(to + at), p.turned_stride / 2);
      continue;
    }
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t pair = 0; pair < pairs; ++pair) __builtin_memcpy(to + at + 2 * pair + c * p.turned_stride, &lines[pair][c], 4);
  }
}

// Bands [first, last) of the image's channels [channel, channel + channels), a plane behind the other.
void turn_bands(const Parameters& p, const BFloat16* x, int64_t first, int64_t last, int64_t channel, int64_t channels, uint16_t* to) {
  const ConvolutionGeometry& g = p.geometry;
  __builtin_memset(to, 0, p.step * p.step * channels * p.turned_stride * 2);
  for (int64_t plane = 0; plane < p.step * p.step; ++plane, to += channels * p.turned_stride) {
    const int64_t left = p.first_pixel(2, plane % p.step), places = p.pitch - p.first_place(2, plane % p.step);
    const int64_t count = left < g.in[2] ? lesser(places, divide_up(g.in[2] - left, p.step)) : 0;
    for (int64_t band = first; band < last; ++band) {
      const BFloat16* image = x + band / p.bands * g.in[1] * g.in[2] * g.channels + channel + left * g.channels;
      const int64_t top = p.whole_images() ? p.first_pixel(1, plane / p.step)
                                           : band % p.bands * p.band_rows * p.step + plane / p.step - g.padding[1];
      const int64_t rows = p.whole_images() ? p.image_rows : p.band_rows + (g.window[1] - 1) / p.step;
      uint16_t* row = to + p.margin + (band - first) * p.band_terms();
      for (int64_t i = 0; i < rows; ++i, row += p.pitch) {
        const int64_t y = top + i * p.step;
        if (y >= 0 && y < g.in[1]) turn_row(p, image + y * g.in[2] * g.channels, count, channels, row);
      }
    }
  }
}

// The gradient of the same bands' results, as panels of pairs.
void pack_bands(const Parameters& p, const BFloat16* dy, int64_t first, int64_t last, int64_t filter, int64_t filters, uint32_t* to) {
  const ConvolutionGeometry& g = p.geometry;
  const int64_t panel = p.terms / 2 * bfloat16_columns;
  __builtin_memset(to, 0, filters / bfloat16_columns * panel * 4);
  for (int64_t band = first; band < last; ++band) {
    const int64_t row = band % p.bands * p.band_rows, rows = lesser(p.band_rows, g.out[1] - row);
    const BFloat16* image = dy + (band / p.bands * g.out[1] + row) * g.out[2] * g.filters + filter;
    for (int64_t y = 0; y < rows; ++y) {
      const int64_t pair = ((band - first) * p.band_terms() + y * p.pitch) / 2;
      for (int64_t x = 0; x < g.out[2]; x += 2) {
        const BFloat16* from = image + (y * g.out[2] + x) * g.filters;
        uint32_t* line = to + (pair + x / 2) * bfloat16_columns;
        for (int64_t j = 0; j < filters; j += bfloat16_columns, line += panel)
          interleave(from + j, g.filters, x + 1 < g.out[2], bfloat16_columns, line);
      }
    }
  }
}

// The place of the first pixel that a tap sees, from the first channel on.
int64_t place_of_tap(const Parameters& p, int64_t tap, int64_t channels) {
  const int64_t y = tap / p.geometry.window[2], x = tap % p.geometry.window[2], planes[2] = {y % p.step, x % p.step};
  // In whole images what lies above one is what lies below the one before.
  const int64_t row = y / p.step - (p.whole_images() ? p.first_place(1, planes[0]) : 0), place = x / p.step - p.first_place(2, planes[1]);
  return (planes[0] * p.step + planes[1]) * channels * p.turned_stride + p.margin + row * p.pitch + place;
}

template <class Unit>
void run_products(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const ConvolutionGeometry& g = p.geometry;
  uint32_t* const panels = reinterpret_cast<uint32_t*>(call.worker_scratch);
  const int64_t panel = p.terms / 2 * bfloat16_columns, elements = g.taps() * g.channels * g.filters;
  uint16_t* const turned = reinterpret_cast<uint16_t*>(panels + lesser(unit_filters, g.filters) / bfloat16_columns * panel);
  float* const sums = p.pieces > 1 ? reinterpret_cast<float*>(call.shared_scratch) : static_cast<float*>(call.buffers[2]);
  Unit unit;
  unit.begin();
  for (int64_t i = call.begin; i < call.end; ++i) {
    const int64_t channel = i % p.channel_units * unit_channels, piece = i / p.channel_units / p.filter_units;
    const int64_t filter = i / p.channel_units % p.filter_units * unit_filters;
    const int64_t channels = lesser(unit_channels, g.channels - channel), filters = lesser(unit_filters, g.filters - filter);
    const int64_t begin = piece * p.piece_bands, end = lesser(begin + p.piece_bands, g.batch * p.bands);
    for (int64_t first = begin; first < end; first += p.block_bands) {
      const int64_t last = lesser(first + p.block_bands, end);
      turn_bands(p, static_cast<const BFloat16*>(call.buffers[0]), first, last, channel, channels, turned);
      pack_bands(p, static_cast<const BFloat16*>(call.buffers[1]), first, last, filter, filters, panels);
      for (int64_t c = 0; c < channels; c += tile_rows) {
        for (int64_t j = 0; j < filters; j += bfloat16_columns) {
          for (int64_t tap = 0; tap < g.taps(); ++tap) {
            const uint16_t* a = turned + c * p.turned_stride + place_of_tap(p, tap, channels);
            float* to = sums + piece * elements + (tap * g.channels + channel + c) * g.filters + filter + j;
            unit.run({a, p.turned_stride, panels + j / bfloat16_columns * panel, p.terms / 2, to, g.filters, first > begin}, tile_rows);
          }
        }
      }
    }
  }
  unit.end();
}

template <class Unit>
void run(const KernelCall& call) {
  if (call.phase == 0) return run_products<Unit>(call);
  const Parameters& p = parameters_of<Parameters>(call);
  add_pieces<float>(call, p.pieces, p.geometry.taps() * p.geometry.channels * p.geometry.filters, sum_block);
}

template <class Unit>
void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  const ConvolutionGeometry& g = p.geometry = kernel_gradient_geometry(problem);
  const auto even = [](int64_t x) { return round_to(x, 2); };
  p.step = g.stride[1];
  p.pitch = even(g.out[2] + (g.window[2] - 1) / p.step);
  p.image_rows = 0;
  int64_t above = 0, before = 0;
  for (int64_t plane = 0; plane < p.step; ++plane) {
    const int64_t outside = p.first_place(1, plane), last_tap = (g.window[1] - 1 - plane) / p.step;
    above = greater(above, outside);
    before = greater(before, p.first_place(2, plane));
    p.image_rows = greater(p.image_rows, g.out[1] + greater(0, last_tap - outside));
  }
  p.image_rows = greater(p.image_rows, divide_up(g.in[1], p.step) + above);
  p.bands = p.block_bands = 1;
  p.band_rows = g.out[1];
  if (2 * p.image_rows * p.pitch <= block_terms && g.batch > 1) {
    p.block_bands = lesser(g.batch, block_terms / (p.image_rows * p.pitch));
  } else {
    p.band_rows = lesser(g.out[1], greater(1, block_terms / p.pitch));
    p.bands = divide_up(g.out[1], p.band_rows);
    p.band_rows = divide_up(g.out[1], p.bands);
    p.bands = divide_up(g.out[1], p.band_rows);
  }
  p.terms = round_to(p.block_bands * p.band_terms(), 2 * bfloat16_tile_pairs);
  p.margin = even(before + (p.whole_images() ? above * p.pitch : 0));
  p.turned_stride = packed_rows_stride<float>((p.margin + p.terms + g.window[1] * p.pitch + g.window[2]) / 2 + 8) * 2;
  p.channel_units = divide_up(g.channels, unit_channels);
  p.filter_units = divide_up(g.filters, unit_filters);
  const int64_t bands = g.batch * p.bands, blocks = divide_up(bands, p.block_bands);
  const int64_t elements = g.taps() * g.channels * g.filters;
  p.pieces = divide_up(fewest_units, p.channel_units * p.filter_units);
  p.pieces = greater(1, lesser(lesser(p.pieces, blocks), most_piece_bytes / (elements * 4)));
  p.piece_bands = divide_up(blocks, p.pieces) * p.block_bands;
  p.pieces = divide_up(bands, p.piece_bands);
  set_units(plan, run<Unit>, p.pieces * p.channel_units * p.filter_units, g.multiplications() / 16);
  if (p.pieces > 1) {
    plan.phases = 2;
    plan.units[1] = divide_up(elements, sum_block);
    plan.shared_scratch_bytes = static_cast<size_t>(p.pieces * elements * 4);
  }
  plan.worker_scratch_bytes = static_cast<size_t>(lesser(unit_filters, g.filters) * p.terms * 2 +
                                                  p.step * p.step * lesser(unit_channels, g.channels) * p.turned_stride * 2);
}

const char* refuse(const KernelProblem& problem) {
  const ConvolutionGeometry g = kernel_gradient_geometry(problem);
  if (problem.inputs[1].dtype != DType::bfloat16) return "the gradient is not bfloat16";
  if (g.filters % bfloat16_columns != 0) return "filters that are no whole tiles";
  return refuse_for_bfloat16(problem, g, g.channels);
}

#ifdef GM_HAS_BFLOAT16_UNITS
const char* decline_small(const KernelProblem& problem) {
  KernelPlan plan;
  prepare<ByTiles<Tiles>>(problem, plan);
  const Parameters& p = parameters_of<Parameters>(plan);
  return decline_waste(p.band_rows * p.geometry.out[2] * p.block_bands, p.terms);
}
#endif

}  // namespace

void add_bfloat16_kernel_gradient(KernelList& list) {
#ifdef GM_HAS_BFLOAT16_UNITS
  static const Kernel tiles{bfloat16_tiles, refuse_on_tiles<refuse>, prepare<ByTiles<Tiles>>, decline_small};
  add_kernel(list, &tiles);
#endif
  static const Kernel emulated{emulated_tiles, refuse, prepare<ByTiles<EmulatedTiles>>, decline_emulation};
  add_kernel(list, &emulated);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
