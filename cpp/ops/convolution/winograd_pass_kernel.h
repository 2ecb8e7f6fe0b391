#pragma once
// A convolution by Winograd's method from `source` to `target` channels: the forward one, and the gradient by the
// input, which is the same with the kernel turned round. There are two ways through it. Usually the kernel is transformed
// first, for all, then each unit takes some bands of tiles through transform, products and transform back. Where the
// kernel is large and the tiles are few, as in the last stages of a network, it is the other way round: all tiles are
// transformed first, then each unit takes some of the target channels through transform of the kernel, products and
// transform back, so that the transformed kernel, some times its size, never leaves the cache.
#include "cpu/tile_run.h"
#include "ops/convolution/winograd_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t winograd_kernel_sources = 16;     // of a unit of the kernel's transform
constexpr int64_t winograd_large_kernel = 384 * 384;  // source x target
constexpr int64_t winograd_broad_kernel = 192 * 192;  // the same with stride 2, where most planes are those of the results
constexpr int64_t winograd_medium_kernel = 96 * 96;   // the same where there are few tiles,
constexpr int64_t winograd_few_tiles = 48;            // so many

template <class Tile>
struct WinogradPass {
  WinogradTiles tiles;            // of the input
  int64_t height, width;          // of the output
  int64_t source, target;         // channels
  int64_t source_step, target_step, tap_step;  // of the kernel's elements
  bool turned;                    // taps are taken in reverse
  bool by_targets;                // the second way
  int64_t bands_per_unit;         // that transforms tiles
  int64_t piece;                  // columns of tiles that pass at once, all of them if a unit has several bands
  int64_t unit_targets;           // of the second way: whole panels
  const TileProgram* program;
  int program_operands;  // inputs of the node beyond the first two, then outputs

  int64_t source_row() const { return winograd_row(source); }
  int64_t target_row() const { return winograd_row(target); }
  // Elements from one point of the kernel's panels to the next.
  int64_t kernel_plane(const WinogradPanels& panels) const { return winograd_odd_lines(panels.columns() * source); }
  int64_t unit_row() const { return winograd_row(unit_targets); }
  int64_t block_tiles() const { return bands_per_unit * piece; }
  int64_t band_elements() const { return Tile::outputs * width * target; }
};

// Source channels [begin, end), at most winograd_kernel_sources, and `targets` targets from `first` on; the panels lie as
// [point][panel][source][lane]. The kernel is read in squares, as one of both numbers of channels lies strided.
template <class Tile>
static inline void transform_kernel(const WinogradPass<Tile>& p, const float* kernel, int64_t begin, int64_t end,
                                    int64_t first, int64_t targets, float* to) {
  const WinogradPanels panels = WinogradPanels::of(targets);
  const int64_t plane = p.kernel_plane(panels), sources = end - begin, elements = 9 * p.source * p.target;
  float taps[9][winograd_kernel_sources * broad_vectors * vector_lanes];
  for (int64_t panel = 0; panel < panels.count(); ++panel) {
    const int64_t width = panels.width(panel), column = panel * winograd_panel;
    for (int tap = 0; tap < 9; ++tap) {
      const int64_t at =
          (p.turned ? 8 - tap : tap) * p.tap_step + begin * p.source_step + (first + column) * p.target_step;
      pack_panel(kernel + at, p.source_step, p.target_step, sources, lesser(width, targets - column), width, elements - at,
                 taps[tap]);
    }
    float* out = to + column * p.source + begin * width;
    for (int64_t v = 0; v < sources * width; v += vector_lanes) {
      WinogradVec square[9], points[winograd_kernel_points<Tile>];
      for (int tap = 0; tap < 9; ++tap) square[tap] = load_lanes(taps[tap] + v);
      winograd_square<3, Tile::kernel_side>(square, points, Tile::kernel);
      for (int i = 0; i < winograd_kernel_points<Tile>; ++i) store_lanes(out + i * plane + v, points[i]);
    }
  }
}

// The tiles of a span from the planes into `to`, rows of an image whose pixels have `channels` of which `count` are
// written; lower and right edges may cut the tiles.
template <class Tile>
static inline void gather_span(const WinogradPass<Tile>& p, const WinogradPlanes& planes, const WinogradSpan& span,
                               int64_t row, int64_t rows, int64_t count, float* to, int64_t channels) {
  for (int64_t column = span.begin; column < span.end; ++column, ++row) {
    const int64_t left = column * Tile::outputs, cols = lesser(Tile::outputs, p.width - left);
    const float* from = planes.data + row * planes.row;
    WinogradVec points[winograd_points<Tile>], square[Tile::outputs * Tile::outputs];
    for (int64_t c = 0; c < count; c += vector_lanes) {
      for (int i = 0; i < winograd_points<Tile>; ++i) points[i] = load_lanes(from + i * planes.plane + c);
      winograd_square<Tile::side, Tile::outputs>(points, square, Tile::output);
      const int64_t lanes = count - c;
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < cols; ++j) {
          float* pixel = to + (i * p.width + left + j) * channels + c;
          if (lanes >= vector_lanes) store_lanes(pixel, square[i * Tile::outputs + j]);
          else store_partial(pixel, square[i * Tile::outputs + j], lanes);
        }
      }
    }
  }
}

// Where a band of the output begins, and how many rows it has.
struct OutputBand {
  int64_t begin, rows;
};
template <class Tile>
static inline OutputBand output_band(const WinogradPass<Tile>& p, int64_t band) {
  const int64_t top = band % p.tiles.bands * Tile::outputs;
  return {(band / p.tiles.bands * p.height + top) * p.width * p.target, lesser(Tile::outputs, p.height - top)};
}

// Some bands from x to y, with the kernel in panels.
template <class Tile>
static void run_bands(const WinogradPass<Tile>& p, const KernelCall& call, int64_t unit) {
  const float *x = static_cast<const float*>(call.buffers[0]), *kernel = reinterpret_cast<float*>(call.shared_scratch);
  const int64_t room = p.block_tiles();
  const WinogradPlanes in{reinterpret_cast<float*>(call.worker_scratch), p.source_row(), winograd_plane(room, p.source_row())};
  const WinogradPlanes out{in.data + winograd_points<Tile> * in.plane, p.target_row(), winograd_plane(room, p.target_row())};
  float* zeros = out.data + winograd_points<Tile> * out.plane;
  float* finished = zeros + p.source_row();
  fill_zeros(zeros, p.source_row());
  const WinogradPanels panels = WinogradPanels::of(p.target);
  const int64_t first = unit * p.bands_per_unit, bands = lesser(p.bands_per_unit, p.tiles.all_bands() - first);
  void* operands[max_tile_operands];
  for (int i = 0; i < p.program_operands; ++i) operands[i + 1] = call.buffers[i + 2];
  for (int64_t column = 0; column < p.tiles.columns; column += p.piece) {
    const WinogradSpan block{first, column, lesser(column + p.piece, p.tiles.columns)};
    const bool is_last = block.end == p.tiles.columns;
    for_each_span(block, bands, [&](const WinogradSpan& span, int64_t row) {
      winograd_scatter<Tile, Tile::inputs, Tile::step>(p.tiles, x, p.source, 0, p.source, span, zeros, in, row, Tile::input);
    });
    for (int point = 0; point < winograd_points<Tile>; ++point) {
      winograd_product<AForm::rows>(in.data + point * in.plane, in.row,
                                    kernel + winograd_kernel_point<Tile>(point) * p.kernel_plane(panels), 0,
                                    out.data + point * out.plane, out.row, bands * (block.end - block.begin), panels,
                                    p.source, false, in.data + (point + 1) * in.plane);
    }
    for_each_span(block, bands, [&](const WinogradSpan& span, int64_t row) {
      const OutputBand at = output_band(p, span.band);
      float* to = p.program ? finished : static_cast<float*>(call.buffers[2]) + at.begin;
      gather_span(p, out, span, row, at.rows, p.target, to, p.target);
      if (p.program && is_last) {
        operands[0] = finished - at.begin;  // the program finds element i at i
        run_tile_program(*p.program, operands, at.begin, at.begin + at.rows * p.width * p.target);
      }
    });
  }
}

// Some target channels of all tiles, which are transformed.
template <class Tile>
static void run_targets(const WinogradPass<Tile>& p, const KernelCall& call, int64_t unit) {
  const float* kernel = static_cast<const float*>(call.buffers[1]);
  const int64_t tiles = p.tiles.all();
  const WinogradPlanes in{reinterpret_cast<float*>(call.shared_scratch), p.source_row(), winograd_plane(tiles, p.source_row())};
  const WinogradPlanes out{reinterpret_cast<float*>(call.worker_scratch), p.unit_row(), winograd_plane(tiles, p.unit_row())};
  const int64_t target = unit * p.unit_targets, count = lesser(p.unit_targets, p.target - target);
  const WinogradPanels panels = WinogradPanels::of(count);
  float* transformed = out.data + winograd_points<Tile> * out.plane;
  float* finished = transformed + winograd_kernel_points<Tile> * p.kernel_plane(panels);
  for (int64_t source = 0; source < p.source; source += winograd_kernel_sources) {
    transform_kernel(p, kernel, source, lesser(source + winograd_kernel_sources, p.source), target, count, transformed);
  }
  for (int point = 0; point < winograd_points<Tile>; ++point) {
    winograd_product<AForm::rows>(in.data + point * in.plane, in.row,
                                  transformed + winograd_kernel_point<Tile>(point) * p.kernel_plane(panels), 0,
                                  out.data + point * out.plane, out.row, tiles, panels, p.source, false,
                                  in.data + (point + 1) * in.plane);
  }
  void* operands[max_tile_operands];
  for (int i = 0; i < p.program_operands; ++i) operands[i + 1] = call.buffers[i + 2];
  for_each_span({0, 0, p.tiles.columns}, p.tiles.all_bands(), [&](const WinogradSpan& span, int64_t row) {
    const OutputBand at = output_band(p, span.band);
    if (p.program) {
      gather_span(p, out, span, row, at.rows, count, finished, count);
      run_tile_block(*p.program, operands, at.begin + target, at.rows * p.width, p.target, count, finished, count);
    } else {
      gather_span(p, out, span, row, at.rows, count, static_cast<float*>(call.buffers[2]) + at.begin + target, p.target);
    }
  });
}

template <class Tile>
static void transform_bands(const WinogradPass<Tile>& p, const KernelCall& call, int64_t unit) {
  float* zeros = reinterpret_cast<float*>(call.worker_scratch);
  fill_zeros(zeros, p.source_row());
  const WinogradPlanes in{reinterpret_cast<float*>(call.shared_scratch), p.source_row(),
                          winograd_plane(p.tiles.all(), p.source_row())};
  const int64_t first = unit * p.bands_per_unit, bands = lesser(p.bands_per_unit, p.tiles.all_bands() - first);
  for_each_span({first, 0, p.tiles.columns}, bands, [&](const WinogradSpan& span, int64_t row) {
    winograd_scatter<Tile, Tile::inputs, Tile::step>(p.tiles, static_cast<const float*>(call.buffers[0]), p.source, 0,
                                                     p.source, span, zeros, in, first * p.tiles.columns + row, Tile::input);
  });
}

template <class Tile>
static void transform_kernel_unit(const WinogradPass<Tile>& p, const KernelCall& call, int64_t unit) {
  const int64_t begin = unit * winograd_kernel_sources, end = lesser(begin + winograd_kernel_sources, p.source);
  transform_kernel(p, static_cast<const float*>(call.buffers[1]), begin, end, 0, p.target,
                   reinterpret_cast<float*>(call.shared_scratch));
}

template <class Tile>
static void run_winograd_pass(const KernelCall& call) {
  const WinogradPass<Tile>& p = parameters_of<WinogradPass<Tile>>(call);
  void (*part)(const WinogradPass<Tile>&, const KernelCall&, int64_t);
  if (p.by_targets) part = call.phase == 0 ? transform_bands<Tile> : run_targets<Tile>;
  else part = call.phase == 0 ? transform_kernel_unit<Tile> : run_bands<Tile>;
  for (int64_t unit = call.begin; unit < call.end; ++unit) part(p, call, unit);
}

// Completes p, whose sizes are set, and plans it.
template <class Tile>
static inline void plan_winograd_pass(WinogradPass<Tile>& p, double multiplications, KernelPlan& plan) {
  p.tiles.bands = divide_up(p.height, Tile::outputs);
  p.tiles.columns = divide_up(p.width, Tile::outputs);
  const int64_t all_elements = winograd_points<Tile> * winograd_plane(p.tiles.all(), p.source_row());
  const bool few_tiles = 2 * p.tiles.all() < p.target;
  p.by_targets = all_elements * 4 <= (few_tiles ? winograd_most_bytes : winograd_all_bytes) &&
                 (p.source * p.target >= winograd_large_kernel ||
                  (Tile::stride == 2 && p.target >= 2 * p.source && p.source * p.target >= winograd_broad_kernel) ||
                  (p.source * p.target >= winograd_medium_kernel && p.tiles.all() <= winograd_few_tiles));
  plan.run = run_winograd_pass<Tile>;
  plan.phases = 2;
  plan.operations = multiplications * winograd_share<Tile> / 2;
  int64_t shared, worker;
  if (p.by_targets) {
    p.bands_per_unit = winograd_unit_bands(p.tiles, winograd_unit_tiles);
    // More targets of a unit read the tiles' planes less often, but leave the cache.
    const int64_t panels = p.target < 16 * winograd_panel ? 1 : 2;
    p.unit_targets = panels * winograd_panel;
    plan.units[0] = divide_up(p.tiles.all_bands(), p.bands_per_unit);
    plan.units[1] = divide_up(p.target, p.unit_targets);
    p.piece = p.tiles.columns;
    shared = all_elements;
    worker = winograd_points<Tile> * winograd_plane(p.tiles.all(), p.unit_row()) +
             winograd_kernel_points<Tile> * p.kernel_plane({panels, 0}) + Tile::outputs * p.width * p.unit_targets;
    worker = greater(worker, p.source_row());
  } else {
    const int64_t block = winograd_block_tiles<Tile>(p.source_row(), p.target_row());
    p.bands_per_unit = winograd_unit_bands(p.tiles, block);
    p.piece = p.bands_per_unit > 1 ? p.tiles.columns : winograd_piece(p.tiles.columns, block);
    plan.units[0] = divide_up(p.source, winograd_kernel_sources);
    plan.units[1] = divide_up(p.tiles.all_bands(), p.bands_per_unit);
    shared = winograd_kernel_points<Tile> * p.kernel_plane(WinogradPanels::of(p.target));
    const int64_t tiles = p.block_tiles();
    worker = winograd_points<Tile> * (winograd_plane(tiles, p.source_row()) + winograd_plane(tiles, p.target_row())) +
             p.source_row();
    if (p.program) worker += p.band_elements();
  }
  plan.shared_scratch_bytes = static_cast<size_t>(shared) * sizeof(float);
  plan.worker_scratch_bytes = static_cast<size_t>(worker) * sizeof(float);
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
