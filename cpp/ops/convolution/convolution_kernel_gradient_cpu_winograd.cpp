// Kernel gradients of 3x3 convolutions by Winograd's method: both images are transformed, each plane
// gives a product of channels x filters summed over tiles, and the sums are transformed back. Where all tiles fit into
// the cache they are transformed first, for all, and then each unit has a plane and some filters. Else a unit has some
// filters and a range of bands, which it takes through both transforms and all products block by block; the sums of the
// ranges are added at the end.
#include "ops/convolution/winograd_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t wanted_units = 8;
constexpr int64_t range_tiles = 64;                    // fewest of a range
constexpr int64_t plane_filters = 4 * winograd_panel;  // of a unit that has one plane
constexpr int64_t most_sum_bytes = int64_t{24} << 20;  // of all ranges together, unless one alone is more
// With few channels the products are too little work to read planes of all tiles from beyond the second-level cache.
constexpr int64_t small_kernel = 96 * 96, small_kernel_bytes = int64_t{1} << 20;
// Tiles of a block, at most where those of more would only repay the adding to the sums: with stride 2 their planes are more.
template <class Tile>
constexpr int64_t most_tiles = Tile::stride == 2 ? winograd_most_tiles / 2 : winograd_most_tiles;
constexpr int64_t rows_per_unit = 8;                   // channels of a unit that transforms back

template <class Tile>
struct Parameters {
  WinogradTiles x, dy;
  int64_t channels, filters;
  int64_t ranges, filter_blocks, block_filters;
  int64_t bands_at_once;
  int64_t piece;   // columns of tiles that pass at once, all of them with several bands
  bool by_planes;  // all tiles are transformed first

  int64_t channel_row() const { return winograd_row(channels); }
  int64_t filter_row() const { return winograd_row(block_filters); }
  // Of all planes of both images, a transformed block of `tiles` each; `filter_row` is that of dy.
  static int64_t planes(int64_t tiles, int64_t channel_row, int64_t filter_row) {
    return winograd_points<Tile> * (winograd_plane(tiles, channel_row) + winograd_plane(tiles, filter_row));
  }
  int64_t all_planes() const { return planes(x.all(), channel_row(), winograd_row(filters)); }
  int64_t sum_row() const { return divide_up(block_filters, winograd_panel) * winograd_panel; }
  // Sums lie as [range][block of filters][point][channel][filter].
  int64_t plane() const { return channels * sum_row(); }
  int64_t block() const { return winograd_kernel_points<Tile> * plane(); }
};

// Whether no point before it sees the same number of the transformed kernel, to whose gradient all of them add.
template <class Tile>
bool is_first_point(int point) {
  const int row = point / Tile::side, column = point % Tile::side;
  return (row == 0 || Tile::kernel_point(row) != Tile::kernel_point(row - 1)) &&
         (column == 0 || Tile::kernel_point(column) != Tile::kernel_point(column - 1));
}

template <class Tile>
void sum_unit(const Parameters<Tile>& p, const float* x, const float* dy, int64_t unit, float* sums, float* scratch) {
  const int64_t range = unit / p.filter_blocks, filter_block = unit % p.filter_blocks;
  const int64_t first_filter = filter_block * p.block_filters;
  const int64_t filters = lesser(p.block_filters, p.filters - first_filter);
  const int64_t all = p.x.all_bands(), room = p.bands_at_once * p.piece;
  const WinogradPlanes a{scratch, p.channel_row(), winograd_plane(room, p.channel_row())};
  const WinogradPlanes b{a.data + winograd_points<Tile> * a.plane, p.filter_row(), winograd_plane(room, p.filter_row())};
  float* zeros = b.data + winograd_points<Tile> * b.plane;
  fill_zeros(zeros, greater(p.channel_row(), p.filter_row()));
  float* to = sums + unit * p.block();
  const int64_t begin = all * range / p.ranges, end = all * (range + 1) / p.ranges;
  if (begin == end) fill_zeros(to, p.block());
  bool is_first = true;
  for (int64_t band = begin; band < end; band += p.bands_at_once) {
    const int64_t bands = lesser(p.bands_at_once, end - band);
    for (int64_t column = 0; column < p.x.columns; column += p.piece) {
      const WinogradSpan block{band, column, lesser(column + p.piece, p.x.columns)};
      for_each_span(block, bands, [&](const WinogradSpan& span, int64_t row) {
        winograd_scatter<Tile, Tile::inputs, Tile::step>(p.x, x, p.channels, 0, p.channels, span, zeros, a, row, Tile::input);
        winograd_scatter<Tile, Tile::outputs, Tile::outputs>(p.dy, dy, p.filters, first_filter, filters, span, zeros, b, row,
                                                             Tile::output_gradient);
      });
      for (int point = 0; point < winograd_points<Tile>; ++point) {
        winograd_product<AForm::columns>(a.data + point * a.plane, a.row, b.data + point * b.plane, b.row,
                                         to + winograd_kernel_point<Tile>(point) * p.plane(), p.sum_row(), p.channels,
                                         WinogradPanels::of(filters), bands * (block.end - block.begin),
                                         !is_first || !is_first_point<Tile>(point), a.data + (point + 1) * a.plane);
      }
      is_first = false;
    }
  }
}

// The planes of all tiles: of x, then of dy.
template <class Tile>
void planes_of(const Parameters<Tile>& p, float* shared, WinogradPlanes* planes) {
  const int64_t tiles = p.x.all();
  const int64_t rows[2] = {p.channel_row(), winograd_row(p.filters)};
  planes[0] = {shared, rows[0], winograd_plane(tiles, rows[0])};
  planes[1] = {shared + winograd_points<Tile> * planes[0].plane, rows[1], winograd_plane(tiles, rows[1])};
}

template <class Tile>
void transform_unit(const Parameters<Tile>& p, const KernelCall& call, int64_t unit) {
  WinogradPlanes planes[2];
  planes_of(p, reinterpret_cast<float*>(call.shared_scratch), planes);
  float* zeros = reinterpret_cast<float*>(call.worker_scratch);
  fill_zeros(zeros, greater(planes[0].row, planes[1].row));
  const int64_t first = unit * p.bands_at_once, bands = lesser(p.bands_at_once, p.x.all_bands() - first);
  for_each_span({first, 0, p.x.columns}, bands, [&](const WinogradSpan& span, int64_t from) {
    const int64_t row = first * p.x.columns + from;
    winograd_scatter<Tile, Tile::inputs, Tile::step>(p.x, static_cast<const float*>(call.buffers[0]), p.channels, 0,
                                                     p.channels, span, zeros, planes[0], row, Tile::input);
    winograd_scatter<Tile, Tile::outputs, Tile::outputs>(p.dy, static_cast<const float*>(call.buffers[1]), p.filters, 0,
                                                         p.filters, span, zeros, planes[1], row, Tile::output_gradient);
  });
}

template <class Tile>
void multiply_unit(const Parameters<Tile>& p, float* shared, float* sums, int64_t unit) {
  WinogradPlanes planes[2];
  planes_of(p, shared, planes);
  const int64_t blocks = divide_up(p.filters, plane_filters), of = unit / blocks, first = unit % blocks * plane_filters;
  for (int point = 0; point < winograd_points<Tile>; ++point) {
    if (winograd_kernel_point<Tile>(point) != of) continue;
    winograd_product<AForm::columns>(planes[0].data + point * planes[0].plane, planes[0].row,
                                     planes[1].data + point * planes[1].plane + first, planes[1].row,
                                     sums + of * p.plane() + first, p.sum_row(), p.channels,
                                     WinogradPanels::of(lesser(plane_filters, p.filters - first)), p.x.all(),
                                     !is_first_point<Tile>(point));
  }
}

template <class Tile>
void transform_back(const Parameters<Tile>& p, const float* sums, int64_t channel, float* gradient) {
  for (int64_t f = 0; f < p.filters; f += vector_lanes) {
    const float* from = sums + f / p.block_filters * p.block() + channel * p.sum_row() + f % p.block_filters;
    WinogradVec points[winograd_kernel_points<Tile>], taps[9];
    for (int i = 0; i < winograd_kernel_points<Tile>; ++i) points[i] = load_lanes(from + i * p.plane());
    for (int64_t range = 1; range < p.ranges; ++range) {
      const float* more = from + range * p.filter_blocks * p.block();
      for (int i = 0; i < winograd_kernel_points<Tile>; ++i) points[i] = points[i] + load_lanes(more + i * p.plane());
    }
    winograd_square<Tile::kernel_side, 3>(points, taps, Tile::kernel_gradient);
    for (int tap = 0; tap < 9; ++tap) {
      float* to = gradient + (tap * p.channels + channel) * p.filters + f;
      if (p.filters - f >= vector_lanes) store_lanes(to, taps[tap]);
      else store_partial(to, taps[tap], p.filters - f);
    }
  }
}

template <class Tile>
void run(const KernelCall& call) {
  const Parameters<Tile>& p = parameters_of<Parameters<Tile>>(call);
  float* shared = reinterpret_cast<float*>(call.shared_scratch);
  float* sums = p.by_planes ? shared + p.all_planes() : shared;
  const int phases_before = p.by_planes ? 2 : 1;
  if (call.phase == phases_before) {
    const int64_t last = lesser(call.end * rows_per_unit, p.channels);
    for (int64_t c = call.begin * rows_per_unit; c < last; ++c) {
      transform_back(p, sums, c, static_cast<float*>(call.buffers[2]));
    }
    return;
  }
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    if (!p.by_planes) {
      sum_unit(p, static_cast<const float*>(call.buffers[0]), static_cast<const float*>(call.buffers[1]), unit, sums,
               reinterpret_cast<float*>(call.worker_scratch));
    } else if (call.phase == 0) {
      transform_unit(p, call, unit);
    } else {
      multiply_unit(p, shared, sums, unit);
    }
  }
}

template <class Tile>
const char* refuse(const KernelProblem& problem) {
  return refuse_for_winograd(problem, kernel_gradient_geometry(problem), Tile::stride);
}

template <class Tile>
const char* decline(const KernelProblem& problem) {
  const ConvolutionGeometry g = kernel_gradient_geometry(problem);
  if (g.channels < 8 || g.filters < 8) return "fewer than 8 channels or filters";
  return Tile::stride == 2 ? decline_strided_winograd(g) : decline_winograd<Tile>(g.out[1], g.out[2]);
}

template <class Tile>
void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const ConvolutionGeometry g = kernel_gradient_geometry(problem);
  Parameters<Tile>& p = parameters_of<Parameters<Tile>>(plan);
  const int64_t bands = divide_up(g.out[1], Tile::outputs), columns = divide_up(g.out[2], Tile::outputs);
  p.x = {g.batch * g.in[0], g.in[1], g.in[2], {g.padding[1], g.padding[2]}, bands, columns};
  p.dy = {g.batch * g.in[0], g.out[1], g.out[2], {0, 0}, bands, columns};
  p.channels = g.channels;
  p.filters = g.filters;
  plan.run = run<Tile>;
  plan.operations = g.multiplications() * winograd_share<Tile> / 2;
  const int64_t all_elements = p.all_planes();
  const bool few_tiles = 2 * p.x.all() < lesser(g.channels, g.filters);
  const int64_t most = few_tiles ? winograd_most_bytes : winograd_all_bytes;
  p.by_planes = all_elements * 4 <= (g.channels * g.filters < small_kernel ? small_kernel_bytes : most);
  if (p.by_planes) {
    p.ranges = p.filter_blocks = 1;
    p.block_filters = divide_up(g.filters, winograd_panel) * winograd_panel;
    p.bands_at_once = winograd_unit_bands(p.x, winograd_unit_tiles);
    p.piece = columns;
    plan.phases = 3;
    plan.units[0] = divide_up(p.x.all_bands(), p.bands_at_once);
    plan.units[1] = winograd_kernel_points<Tile> * divide_up(g.filters, plane_filters);
    plan.shared_scratch_bytes = static_cast<size_t>(all_elements + p.block()) * sizeof(float);
    plan.worker_scratch_bytes = static_cast<size_t>(greater(p.channel_row(), winograd_row(p.filters))) * sizeof(float);
  } else {
    // As many ranges as their sums have room for; the rest of the units by blocks of filters, each of which transforms x
    // anew.
    const int64_t sum_bytes = winograd_kernel_points<Tile> * g.channels * g.filters * 4;
    p.ranges = greater(1, lesser(lesser(wanted_units, most_sum_bytes / sum_bytes), p.x.all() / range_tiles));
    p.ranges = lesser(p.ranges, p.x.all_bands());
    const int64_t wanted_blocks = divide_up(wanted_units, p.ranges);
    p.block_filters = divide_up(divide_up(g.filters, wanted_blocks), winograd_panel) * winograd_panel;
    p.block_filters = lesser(p.block_filters, divide_up(g.filters, winograd_panel) * winograd_panel);
    p.filter_blocks = divide_up(g.filters, p.block_filters);
    // Fewer tiles than this, and adding to the sums would move more memory than the tiles themselves.
    const int64_t repaying = lesser(most_tiles<Tile>, 2 * g.channels * p.block_filters / (g.channels + p.block_filters));
    const int64_t tiles = greater(repaying, winograd_block_tiles<Tile>(p.channel_row(), p.filter_row()));
    p.bands_at_once = greater(1, lesser(divide_up(p.x.all_bands(), p.ranges), tiles / columns));
    p.piece = p.bands_at_once > 1 ? columns : winograd_piece(columns, tiles);
    plan.phases = 2;
    plan.units[0] = p.ranges * p.filter_blocks;
    plan.shared_scratch_bytes = static_cast<size_t>(p.ranges * p.filter_blocks * p.block()) * sizeof(float);
    plan.worker_scratch_bytes =
        static_cast<size_t>(p.planes(p.bands_at_once * p.piece, p.channel_row(), p.filter_row()) +
                            greater(p.channel_row(), p.filter_row())) * sizeof(float);
  }
  plan.units[plan.phases - 1] = divide_up(g.channels, rows_per_unit);
}

}  // namespace

void add_winograd_kernel_gradient(KernelList& list) {
  static const Kernel large{"winograd", refuse<WinogradTile4>, prepare<WinogradTile4>, decline<WinogradTile4>};
  static const Kernel small{"winograd 2x2", refuse<WinogradTile2>, prepare<WinogradTile2>, decline<WinogradTile2>};
  static const Kernel strided{"winograd stride 2", refuse<WinogradStridedTile>, prepare<WinogradStridedTile>,
                              decline<WinogradStridedTile>};
  add_kernel(list, &large);
  add_kernel(list, &small);
  add_kernel(list, &strided);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
