#pragma once
// What the three convolutions by Winograd's method share, for both sizes of tiles: where tiles lie, and their way into and
// out of the planes that are multiplied, one for each point of a tile. A plane is a matrix with a row for each tile of a
// block; blocks are small enough that their planes stay in the second-level cache between transform and product.
#include "cpu/gemm_pack.h"
#include "cpu/winograd.h"
#include "ops/convolution/convolution_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t winograd_block_bytes = 640 * 1024;  // planes of a block, in and out
constexpr int64_t winograd_least_tiles = 24, winograd_most_tiles = 96;
constexpr int64_t winograd_unit_tiles = 16;  // fewest of a unit: fewer do not repay the way of the kernel's panels
constexpr int64_t winograd_all_bytes = int64_t{24} << 20;  // of planes that hold all tiles at once
constexpr int64_t winograd_most_bytes = int64_t{40} << 20;  // the same where the kernel is larger by far
constexpr int64_t winograd_product_depth = 288;  // most terms of a sum before the next panel
constexpr int64_t winograd_panel = panel_vectors * vector_lanes;
constexpr int64_t winograd_line = 16;  // elements of a line of the cache

// Of the direct method's multiplications, those that are left.
template <class Tile>
constexpr double winograd_share = static_cast<double>(winograd_points<Tile>) /
                                  (9 * (Tile::step < Tile::outputs ? Tile::step * Tile::step : Tile::outputs * Tile::outputs));

// Images of `height` x `width` pixels, of which tiles take squares in steps of their outputs, starting at
// -padding. Bands are rows of tiles, numbered through all images.
struct WinogradTiles {
  int64_t images, height, width, padding[2];
  int64_t bands, columns;  // of an image

  int64_t all_bands() const { return images * bands; }
  int64_t all() const { return images * bands * columns; }
};

// The planes of a block: `tiles` rows of `channels`.
struct WinogradPlanes {
  float* data;
  int64_t row, plane;  // elements from one to the next
};

// Rows and planes are an odd number of cache lines long, or those of a power of two would fall into the same set of the
// cache: a tile touches one line of every plane.
static inline int64_t winograd_odd_lines(int64_t elements) {
  return (divide_up(elements, winograd_line) | 1) * winograd_line;
}
static inline int64_t winograd_row(int64_t channels) {
  return winograd_odd_lines(divide_up(channels, winograd_panel) * winograd_panel);
}
static inline int64_t winograd_plane(int64_t tiles, int64_t row) { return winograd_odd_lines(tiles * row); }

// Tiles of a block. Where channels are many, a block's products read far more of the kernel than of the tiles, so that
// blocks are long even if they leave the second-level cache.
template <class Tile>
static inline int64_t winograd_block_tiles(int64_t source_row, int64_t target_row) {
  if (source_row * target_row >= 192 * 192) return winograd_most_tiles;
  const int64_t tiles = winograd_block_bytes / (winograd_points<Tile> * 4 * (source_row + target_row));
  return tiles < winograd_least_tiles ? winograd_least_tiles : lesser(tiles, winograd_most_tiles);
}

// Tiles of a band that pass at once, where a whole one would be two blocks or more.
static inline int64_t winograd_piece(int64_t columns, int64_t block_tiles) {
  return divide_up(columns, greater(1, columns / block_tiles));
}

// How columns of a product fall into panels: whole ones, and where columns are left over a last one of one vector, or
// rather of one vector more than the others have, which keeps the arithmetic busy.
struct WinogradPanels {
  int64_t whole, last;  // number of whole panels; columns of the last one, or 0

  static WinogradPanels of(int64_t columns) {
    const int64_t vectors = divide_up(columns, vector_lanes), whole = vectors / panel_vectors;
    if (vectors % panel_vectors == 0) return {whole, 0};
    return whole == 0 ? WinogradPanels{0, vector_lanes} : WinogradPanels{whole - 1, broad_vectors * vector_lanes};
  }
  int64_t count() const { return whole + (last > 0); }
  int64_t width(int64_t panel) const { return panel < whole ? winograd_panel : last; }
  int64_t columns() const { return whole * winograd_panel + last; }
};
static_assert(panel_vectors == 2 && broad_vectors == 3);

// Bands of tiles in a unit of about so many tiles; at least a dozen units, so that a few workers share them evenly.
static inline int64_t winograd_unit_bands(const WinogradTiles& tiles, int64_t wanted) {
  const int64_t bands = lesser(divide_up(wanted, tiles.columns), divide_up(tiles.all_bands(), 12));
  return greater(bands, divide_up(winograd_unit_tiles, tiles.columns));
}

static inline void fill_zeros(float* to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = 0;
}

// Some tiles of a band.
struct WinogradSpan {
  int64_t band, begin, end;  // columns of tiles
};

// Calls body(span, its first row in the planes) for a block: `span` and the same columns of the bands after it, of as many
// bands as said.
template <class Body>
static inline void for_each_span(const WinogradSpan& span, int64_t bands, const Body& body) {
  const int64_t columns = span.end - span.begin;
  for (int64_t i = 0; i < bands; ++i) body(WinogradSpan{span.band + i, span.begin, span.end}, i * columns);
}

// Brings squares of side x side pixels of a span into the planes, transformed, from row `row` on: `side` and `step` are
// Tile::inputs and Tile::step for tiles of the input, Tile::outputs both for those of the output.
template <class Tile, int side, int step, class Transform>
static inline void winograd_scatter(const WinogradTiles& tiles, const float* image_data, int64_t channels, int64_t first,
                                    int64_t count, const WinogradSpan& span, const float* zeros,
                                    const WinogradPlanes& planes, int64_t row, const Transform& along) {
  const int64_t band = span.band;
  const float* image = image_data + band / tiles.bands * tiles.height * tiles.width * channels + first;
  const int64_t top = band % tiles.bands * step - tiles.padding[0];
  for (int64_t column = span.begin; column < span.end; ++column, ++row) {
    const int64_t left = column * step - tiles.padding[1];
    const float* from[side * side];
    for (int i = 0; i < side; ++i) {
      const int64_t y = top + i;
      const bool row_inside = y >= 0 && y < tiles.height;
      for (int j = 0; j < side; ++j) {
        const int64_t x = left + j;
        const bool inside = row_inside && x >= 0 && x < tiles.width;
        from[i * side + j] = inside ? image + (y * tiles.width + x) * channels : zeros;
      }
    }
    float* to = planes.data + row * planes.row;
    WinogradVec square[side * side], points[winograd_points<Tile>];
    // The pixels of a tile are too many streams for the processor to foresee: ask for the new ones of the next tile, as
    // many of a row as are new, spread over the vectors of channels done here.
    const bool more = left + side < tiles.width;
    const float* ahead = image + (greater(top, 0) * tiles.width + left + side) * channels;
    const int64_t ahead_rows = more ? lesser(tiles.height, top + side) - greater(top, 0) : 0;
    for (int64_t c = 0; c < count; c += vector_lanes) {
      for (int64_t y = 0; y < ahead_rows; ++y) {
        const float* line = ahead + y * tiles.width * channels + step * c;
        for (int i = 0; i < step * vector_lanes; i += 16) __builtin_prefetch(line + i);
      }
      if (c + vector_lanes <= count) {
        for (int i = 0; i < side * side; ++i) square[i] = load_lanes(from[i] + c);
      } else {
        for (int i = 0; i < side * side; ++i) square[i] = load_partial(from[i] + c, count - c);
      }
      winograd_square<side, Tile::side>(square, points, along);
      for (int i = 0; i < winograd_points<Tile>; ++i) store_lanes(to + i * planes.plane + c, points[i]);
    }
  }
}

// One plane's product: rows of `to` from rows x depth of `a` and panels of `b`. A in rows: by rows of `a_stride`; in
// columns: a[k * a_stride + row]. B in rows: by rows of `b_stride`; with b_stride 0 as panels, one behind the other.
// Planes lie beyond the second-level cache, in short rows that hardware does not follow: each panel asks for the next one
// and its part of `next`, what the next product multiplies, or null.
template <AForm form>
static inline void winograd_product(const float* a, int64_t a_stride, const float* b, int64_t b_stride, float* to,
                                    int64_t to_stride, int64_t rows, const WinogradPanels& panels, int64_t depth,
                                    bool accumulate, const float* next = nullptr) {
  const int64_t pieces = divide_up(depth, winograd_product_depth), piece = divide_up(depth, pieces);
  const int64_t next_lines = divide_up(a_stride * (form == AForm::rows ? rows : depth), winograd_line);
  const int64_t next_share = divide_up(next_lines, pieces * panels.count());
  Ahead ahead;
  for (int64_t k = 0; k < depth; k += piece) {
    Strip<float> strip;
    strip.a_stride = a_stride;
    strip.keep = nullptr;
    strip.ahead = &ahead;
    strip.c_stride = to_stride;
    strip.k = lesser(piece, depth - k);
    strip.accumulate = accumulate || k > 0;
    for (int64_t panel = 0; panel < panels.count(); ++panel) {
      const int64_t first_column = panel * winograd_panel;
      strip.cols = panels.width(panel);
      strip.b_stride = b_stride ? b_stride : strip.cols;
      strip.b = b + (b_stride ? first_column + k * b_stride : first_column * depth + k * strip.cols);
      clear(ahead);
      if (panel + 1 < panels.count()) {
        if (b_stride) add_rows(ahead, strip.b + winograd_panel, b_stride * 4, strip.k, winograd_panel * 4);
        add_rows(ahead, to + first_column + winograd_panel, to_stride * 4, rows, winograd_panel * 4);
      }
      if (next) {
        add_rows(ahead, next, winograd_line * 4, next_share, winograd_line * 4);
        next += next_share * winograd_line;
      }
      const int64_t vectors = strip.cols / vector_lanes;
      const RowBlocks blocks = RowBlocks::of(rows, vectors == broad_vectors ? broad_max_rows : max_rows);
      for (int part = 0; part < 2; ++part) {
        const int64_t count = part ? blocks.low : blocks.tall, first = part ? blocks.first_row(blocks.tall) : 0;
        if (count == 0) continue;
        const int64_t step = blocks.height - part;
        strip.blocks = count;
        strip.a = form == AForm::rows ? a + first * a_stride + k : a + first + k * a_stride;
        strip.a_block = form == AForm::rows ? step * a_stride : step;
        strip.c = to + first * to_stride + first_column;
        dispatch_strip<float, form>(strip, step, vectors);
      }
    }
  }
}

// Whether the geometry is that of a 3x3 kernel moving by `stride` pixels, whatever the numbers of channels.
static inline const char* refuse_for_winograd(const KernelProblem& problem, const ConvolutionGeometry& g, int stride) {
  if (problem.inputs[0].dtype != DType::float32) return "not float32";
  if (g.groups != 1) return "groups";
  if (g.batch == 0) return "no images";  // a kernel's gradient is zero then, which no product writes
  if (g.window[0] != 1 || g.in[0] != g.out[0] || g.padding[0] != 0 || g.stride[0] != 1) return "three spatial axes";
  for (int i = 1; i < 3; ++i) {
    if (g.window[i] != 3) return "the window is not 3x3";
    if (g.stride[i] != stride || g.dilation[i] != 1) return "stride or dilation";
    if (g.padding[i] > 2 || stride * (g.out[i] - 1) - g.in[i] > 1) return "padding beyond the window";
  }
  return nullptr;
}

// The rule between both sizes of tiles and other kernels, for results of height x width pixels. Smaller tiles repay their
// products where less of them hangs over the edge: on 5, 6, 9 and 10 pixels.
template <class Tile>
static inline const char* decline_winograd(int64_t height, int64_t width) {
  if (height < 4 || width < 4) return "fewer than 4 pixels along an axis";
  const int64_t large = divide_up(height, 4) * divide_up(width, 4) * winograd_points<WinogradTile4>;
  const int64_t small = divide_up(height, 2) * divide_up(width, 2) * winograd_points<WinogradTile2>;
  const bool prefers_small = 4 * small <= 5 * large;
  return prefers_small == (Tile::outputs == 2) ? nullptr : "tiles of the other size take less time";
}

// The same for strides of 2, whose smaller side, that of the convolution's result, has height x width pixels. Of 144
// multiplications 81 are left; tiles that hang over the edge soon use that up, and few tiles do not repay the transform of
// the kernel.
static inline const char* decline_strided_winograd(const ConvolutionGeometry& g) {
  if (g.channels < 32 || g.filters < 32) return "fewer than 32 channels or filters";
  const int64_t tiles = divide_up(g.out[1], 4) * divide_up(g.out[2], 4);
  if (g.batch * tiles < 48) return "few tiles";
  return 100 * 81 * tiles <= 66 * 9 * g.out[1] * g.out[2] ? nullptr : "tiles hang over the edge";
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
