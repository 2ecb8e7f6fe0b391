// Kernel gradients of 3x3 convolutions by Winograd's F(4x4, 3x3): both images are transformed, each of the 36 planes
// gives a product of channels x filters summed over tiles, and the sum is transformed back. A unit has some filters and
// some bands; where there are few filters and many pixels, bands are cut into ranges whose sums are added at the end.
#include "ops/convolution/winograd_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t wanted_units = 8;
constexpr int64_t most_sum_bytes = int64_t{24} << 20;  // of all ranges together, unless one alone is more
constexpr int64_t rows_per_unit = 8;                   // channels of a unit that transforms back

struct Parameters {
  WinogradTiles x, dy;
  int64_t channels, filters;
  int64_t ranges, filter_blocks, block_filters;
  int64_t bands_at_once;

  int64_t channel_row() const { return winograd_row(channels); }
  int64_t filter_row() const { return winograd_row(block_filters); }
  int64_t sum_row() const { return divide_up(block_filters, winograd_panel) * winograd_panel; }
  // Sums lie as [range][block of filters][point][channel][filter].
  int64_t plane() const { return channels * sum_row(); }
  int64_t block() const { return winograd_points * plane(); }
};

void sum_unit(const Parameters& p, const float* x, const float* dy, int64_t unit, float* sums, float* scratch) {
  const int64_t range = unit / p.filter_blocks, filter_block = unit % p.filter_blocks;
  const int64_t first_filter = filter_block * p.block_filters;
  const int64_t filters = lesser(p.block_filters, p.filters - first_filter);
  const int64_t all = p.x.all_bands(), room = p.bands_at_once * p.x.columns;
  const WinogradPlanes a{scratch, p.channel_row(), room * p.channel_row()};
  const WinogradPlanes b{a.data + winograd_points * a.plane, p.filter_row(), room * p.filter_row()};
  float* zeros = b.data + winograd_points * b.plane;
  const int64_t longest = greater(p.channel_row(), p.filter_row());
  for (int64_t i = 0; i < longest; ++i) zeros[i] = 0;
  // Columns of the last panel that no filter fills are multiplied too.
  for (int64_t i = 0; i < winograd_points * b.plane; ++i) b.data[i] = 0;
  float* to = sums + unit * p.block();
  const int64_t begin = all * range / p.ranges, end = all * (range + 1) / p.ranges;
  if (begin == end) {
    for (int64_t i = 0; i < p.block(); ++i) to[i] = 0;
  }
  for (int64_t band = begin; band < end; band += p.bands_at_once) {
    const int64_t bands = lesser(p.bands_at_once, end - band);
    for (int64_t i = 0; i < bands; ++i) {
      winograd_scatter<winograd_side>(p.x, x, p.channels, 0, p.channels, band + i, zeros, a, i * p.x.columns,
                                      winograd_input);
      winograd_scatter<winograd_outputs>(p.dy, dy, p.filters, first_filter, filters, band + i, zeros, b, i * p.x.columns,
                                         winograd_output_gradient);
    }
    for (int point = 0; point < winograd_points; ++point) {
      winograd_product<AForm::columns>(a.data + point * a.plane, a.row, b.data + point * b.plane, b.row, winograd_panel,
                                       to + point * p.plane(), p.sum_row(), p.channels, filters, bands * p.x.columns,
                                       band > begin);
    }
  }
}

void transform_back(const Parameters& p, const float* sums, int64_t channel, float* gradient) {
  for (int64_t f = 0; f < p.filters; f += vector_lanes) {
    const float* from = sums + f / p.block_filters * p.block() + channel * p.sum_row() + f % p.block_filters;
    WinogradVec points[winograd_points], taps[9];
    for (int i = 0; i < winograd_points; ++i) points[i] = load_lanes(from + i * p.plane());
    for (int64_t range = 1; range < p.ranges; ++range) {
      const float* more = from + range * p.filter_blocks * p.block();
      for (int i = 0; i < winograd_points; ++i) points[i] = points[i] + load_lanes(more + i * p.plane());
    }
    winograd_square<winograd_side, 3>(points, taps, winograd_kernel_gradient);
    for (int tap = 0; tap < 9; ++tap) {
      float* to = gradient + (tap * p.channels + channel) * p.filters + f;
      if (p.filters - f >= vector_lanes) store_lanes(to, taps[tap]);
      else store_partial(to, taps[tap], p.filters - f);
    }
  }
}

void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  float* sums = reinterpret_cast<float*>(call.shared_scratch);
  if (call.phase == 0) {
    for (int64_t unit = call.begin; unit < call.end; ++unit) {
      sum_unit(p, static_cast<const float*>(call.buffers[0]), static_cast<const float*>(call.buffers[1]), unit, sums,
               reinterpret_cast<float*>(call.worker_scratch));
    }
    return;
  }
  const int64_t last = lesser(call.end * rows_per_unit, p.channels);
  for (int64_t c = call.begin * rows_per_unit; c < last; ++c) {
    transform_back(p, sums, c, static_cast<float*>(call.buffers[2]));
  }
}

const char* refuse(const KernelProblem& problem) {
  return refuse_for_winograd(problem, kernel_gradient_geometry(problem));
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const ConvolutionGeometry g = kernel_gradient_geometry(problem);
  Parameters& p = parameters_of<Parameters>(plan);
  const int64_t bands = divide_up(g.out[1], winograd_outputs), columns = divide_up(g.out[2], winograd_outputs);
  p.x = {g.batch * g.in[0], g.in[1], g.in[2], {g.padding[1], g.padding[2]}, bands, columns};
  p.dy = {g.batch * g.in[0], g.out[1], g.out[2], {0, 0}, bands, columns};
  p.channels = g.channels;
  p.filters = g.filters;
  // As many ranges as their sums have room for; the rest of the units by blocks of filters, each of which transforms x
  // anew.
  const int64_t sum_bytes = winograd_points * g.channels * g.filters * 4;
  p.ranges = greater(1, lesser(lesser(wanted_units, most_sum_bytes / sum_bytes), p.x.all_bands()));
  const int64_t wanted_blocks = divide_up(wanted_units, p.ranges);
  p.block_filters = divide_up(divide_up(g.filters, wanted_blocks), 4 * winograd_panel) * 4 * winograd_panel;
  p.block_filters = lesser(p.block_filters, divide_up(g.filters, winograd_panel) * winograd_panel);
  p.filter_blocks = divide_up(g.filters, p.block_filters);
  p.bands_at_once = greater(
      1, lesser(divide_up(p.x.all_bands(), p.ranges),
                lesser(winograd_most_tiles, greater(winograd_least_tiles, winograd_block_bytes /
                                                    (winograd_points * 4 * (p.channel_row() + p.filter_row())))) / columns));
  set_units(plan, run, p.ranges * p.filter_blocks, g.multiplications() / 8);
  plan.phases = 2;
  plan.units[1] = divide_up(g.channels, rows_per_unit);
  plan.shared_scratch_bytes = static_cast<size_t>(p.ranges * p.filter_blocks * p.block()) * sizeof(float);
  const int64_t tiles = p.bands_at_once * columns;
  plan.worker_scratch_bytes = static_cast<size_t>(winograd_points * tiles * (p.channel_row() + p.filter_row()) +
                                                  greater(p.channel_row(), p.filter_row())) * sizeof(float);
}

}  // namespace

void add_winograd_kernel_gradient(KernelList& list) {
  static const Kernel kernel{"winograd", refuse, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
