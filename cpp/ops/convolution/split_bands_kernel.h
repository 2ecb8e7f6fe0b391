#pragma once
// What the convolutions that split float images into thirds (cpu/thirds.h) share: bands of the images, or several whole images,
// in the planes of bands_kernel.h. Everything here has internal linkage.
#include "cpu/thirds.h"
#include "ops/convolution/bands_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct SplitBands : BandGeometry {
  int64_t batch, unit_images;  // several whole images, or
  int64_t band_rows, bands;    // of the grid of one image
  bool gathers;                // results lie close together, else as pixels do in a plane

  int64_t image_lines() const { return band_rows + reach[0]; }
  int64_t plane_pixels() const { return unit_images * image_lines() * pitch; }
  int64_t all_bands() const { return divide_up(batch, unit_images) * bands; }
};

// Images, or a band of one, and their results.
struct Band : BandRows {
  int64_t images, lines;  // lines of all planes
  int64_t rows;           // results, those behind the ends of lines counted
};

static inline Band band_of(const SplitBands& p, int64_t index) {
  Band band;
  band.image = index / p.bands * p.unit_images;
  band.top = index % p.bands * p.band_rows;
  band.images = lesser(p.unit_images, p.batch - band.image);
  band.lines = band.images * p.image_lines();
  const int64_t last = lesser(p.band_rows, p.grid[0] - band.top);
  band.image_lines = p.gathers ? last : p.image_lines();
  band.pitch = p.gathers ? p.grid[1] : p.pitch;
  band.rows = ((band.images - 1) * band.image_lines + last) * band.pitch;
  return band;
}

// Cuts an image into bands of at most so many lines.
static inline void cut_image(SplitBands& p, int64_t most_lines) {
  p.unit_images = 1;
  p.bands = divide_up(p.grid[0], lesser(p.grid[0], greater(1, most_lines)));
  p.band_rows = divide_up(p.grid[0], p.bands);
  p.bands = divide_up(p.grid[0], p.band_rows);
}

// Calls zero(pixel, pixels) for what lies outside of the images and copy(from, pixel, pixels) for what lies in them, in the order
// of the planes' pixels.
template <class Zero, class Copy>
static inline void for_rows_of_planes(const SplitBands& p, const Band& band, const float* images, const Zero& zero, const Copy& copy) {
  for (int64_t plane = 0, at = 0; plane < p.step * p.step; ++plane, at = plane * p.plane_pixels()) {
    const RowPart part = part_in_image(p, plane % p.step - p.lead[1]);
    for (int64_t i = 0; i < band.lines; ++i, at += p.pitch) {
      const int64_t y = (band.top + i % p.image_lines()) * p.step + plane / p.step - p.lead[0];
      if (y < 0 || y >= p.from[0] || part.count <= 0) {
        zero(at, p.pitch);
        continue;
      }
      const int64_t behind = part.before + part.count, image = band.image + i / p.image_lines();
      if (part.before > 0) zero(at, part.before);
      copy(images + ((image * p.from[0] + y) * p.from[1] + part.first) * p.depth, at + part.before, part.count);
      if (behind < p.pitch) zero(at + behind, p.pitch - behind);
    }
  }
}

// Calls body(row, pixel, rows) for each run of results [first, last) of a band that are neighbours in a plane, too; `row` counts
// from the first.
template <class Body>
static inline void for_runs(const SplitBands& p, const Band& band, int64_t first, int64_t last, const Body& body) {
  for (int64_t row = first; row < last;) {
    const int64_t line = row / band.pitch, next = lesser((line + 1) * band.pitch, last);
    const int64_t plane_line = line / band.image_lines * p.image_lines() + line % band.image_lines;
    body(row - first, plane_line * p.pitch + row % band.pitch, next - row);
    row = next;
  }
}

// What was measured beside the other kernels: Winograd's method leaves fewer products to do, tiles that are hardly filled and
// little work do not repay splitting.
static inline const char* decline_for_thirds(const ConvolutionGeometry& g, double fewest_multiplications, int64_t least_percent) {
  if (g.window[1] == 3 && g.window[2] == 3 && g.stride[1] == 1) return "Winograd's method takes less time";
  const int64_t filled = 100 * g.channels * g.filters, tiles = round_to(g.channels, tile_terms) * round_to(g.filters, tile_terms);
  if (filled < least_percent * tiles) return "channels or filters that leave much of a tile empty";
  return g.multiplications() < fewest_multiplications ? "too small to repay splitting the factors" : nullptr;
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
