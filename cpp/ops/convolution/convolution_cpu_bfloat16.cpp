// Convolutions of bfloat16 images on AMX, and their gradients to the input, as sums over taps (bands_kernel.h).
#include "ops/convolution/bands_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t band_bytes = 384 * 1024;   // of the copies of a unit, in L2 while the kernel passes
constexpr int64_t chunk_bytes = 640 * 1024;  // of the kernel, in L2 while the bands of a unit pass
constexpr int64_t block_rows = 128;          // of results that are computed before the epilogue gets them
constexpr int64_t chunk_columns = 256;
constexpr int64_t fewest_units = 32;
constexpr int64_t band_slack = tile_rows;    // pixels behind the bands that whole tiles read

struct Parameters : BandGeometry {
  int64_t band_rows, bands; // of the grid
  int64_t all_bands, unit_bands, column_units, chunk;  // of all images; of a unit; columns that a unit's bands pass at once
  int64_t panels;

  int64_t plane_pixels() const { return (band_rows + reach[0]) * pitch; }
  int64_t band_size() const { return step * step * plane_pixels() * depth; }
};

template <class Right>
void pack_kernel(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const Taps taps(p, p.plane_pixels());
  const int64_t pairs = p.depth / 2;
  for (int64_t panel = call.begin; panel < call.end; ++panel) {
    const int64_t col = panel * bfloat16_columns, cols = lesser(bfloat16_columns, p.columns - col);
    uint32_t* to = reinterpret_cast<uint32_t*>(call.shared_scratch) + panel * p.taps() * pairs * bfloat16_columns;
    for (int64_t i = 0; i < p.taps(); ++i, to += pairs * bfloat16_columns) {
      const Right* kernel = static_cast<const Right*>(call.buffers[1]) + taps.index[i] * p.depth * p.columns + col * p.tap.b_col;
      pack_panel_of_pairs(kernel, p.tap, cols, pairs, to);
    }
  }
}

// One row of one plane: pixels x, x + step and so on of a row of the image, zeros where there are none.
void copy_row(const Parameters& p, const BFloat16* row, int64_t x, BFloat16* to) {
  const RowPart part = part_in_image(p, x);
  __builtin_memset(to, 0, part.before * p.depth * sizeof(BFloat16));
  to += part.before * p.depth;
  if (p.step == 1) {
    __builtin_memcpy(to, row + part.first * p.depth, part.count * p.depth * sizeof(BFloat16));
  } else {
    for (int64_t i = 0; i < part.count; ++i)
      __builtin_memcpy(to + i * p.depth, row + (part.first + i * p.step) * p.depth, p.depth * sizeof(BFloat16));
  }
  __builtin_memset(to + part.count * p.depth, 0, (p.pitch - part.before - part.count) * p.depth * sizeof(BFloat16));
}

void copy_band(const Parameters& p, const BFloat16* images, int64_t band, BFloat16* to) {
  const BFloat16* image = images + band / p.bands * p.from[0] * p.from[1] * p.depth;
  const int64_t top = band % p.bands * p.band_rows, line = p.pitch * p.depth;
  for (int64_t plane = 0; plane < p.step * p.step; ++plane) {
    for (int64_t i = 0; i < p.band_rows + p.reach[0]; ++i, to += line) {
      const int64_t y = (top + i) * p.step + plane / p.step - p.lead[0];
      if (y < 0 || y >= p.from[0]) __builtin_memset(to, 0, line * sizeof(BFloat16));
      else copy_row(p, image + y * p.from[1] * p.depth, plane % p.step - p.lead[1], to);
    }
  }
}

template <class Unit, class Right>
void run(const KernelCall& call) {
  if (call.phase == 0) return pack_kernel<Right>(call);
  const Parameters& p = parameters_of<Parameters>(call);
  const Taps taps(p, p.plane_pixels());
  long offsets[most_bfloat16_taps];
  for (int64_t i = 0; i < p.taps(); ++i) offsets[i] = taps.pixels[i] * p.depth;
  const int64_t panel_size = p.taps() * p.depth / 2 * bfloat16_columns;
  Destination destination(p, call);
  float* const tile = reinterpret_cast<float*>(call.worker_scratch);
  BFloat16* const copies = reinterpret_cast<BFloat16*>(tile + block_rows * chunk_columns);
  const uint32_t* const kernel = reinterpret_cast<const uint32_t*>(call.shared_scratch);
  const int64_t unit_columns = divide_up(divide_up(p.columns, p.chunk), p.column_units) * p.chunk;
  Unit unit;
  unit.begin();
  for (int64_t i = call.begin; i < call.end; ++i) {
    const int64_t first_band = i / p.column_units * p.unit_bands, bands = lesser(p.unit_bands, p.all_bands - first_band);
    for (int64_t band = 0; band < bands; ++band)
      copy_band(p, static_cast<const BFloat16*>(call.buffers[0]), first_band + band, copies + band * p.band_size());
    const int64_t first_col = i % p.column_units * unit_columns, last_col = lesser(first_col + unit_columns, p.columns);
    for (int64_t col = first_col; col < last_col; col += p.chunk) {
      const int64_t cols = lesser(p.chunk, last_col - col), stride = round_to(cols, bfloat16_columns);
      for (int64_t band = 0; band < bands; ++band) {
        const BandRows place{(first_band + band) / p.bands, (first_band + band) % p.bands * p.band_rows, p.band_rows, p.pitch};
        const int64_t rows = lesser(p.band_rows, p.grid[0] - place.top) * p.pitch;
        for (int64_t remainder = 0; remainder < p.spread * p.spread; ++remainder) {
          const int64_t first_tap = taps.first[remainder], count = taps.first[remainder + 1] - first_tap;
          for (int64_t first = 0; first < rows; first += block_rows) {
            const int64_t last = lesser(first + block_rows, rows);
            const BFloat16* from = copies + band * p.band_size() + first * p.depth;
            for (int64_t j = 0; j < cols; j += bfloat16_columns) {
              const uint32_t* panel = kernel + (col + j) / bfloat16_columns * panel_size + first_tap * p.depth / 2 * bfloat16_columns;
              unit.run({&from->bits, p.depth, panel, p.depth / 2, tile + j, stride, false, offsets + first_tap, count}, last - first);
            }
            destination.finish(p, place, remainder, first, last, col, cols, tile, stride);
          }
        }
      }
    }
  }
  unit.end();
}

// Cuts the work; the sizes are known.
template <class Unit>
void prepare(const KernelProblem& problem, KernelPlan& plan, Parameters& p, const ConvolutionGeometry& g) {
  set_epilogue(p, problem);
  p.panels = divide_up(p.columns, bfloat16_columns);
  const int64_t row_bytes = p.step * p.step * p.pitch * p.depth * 2, panel_bytes = p.taps() * p.depth * bfloat16_columns * 2;
  const int64_t fitting = greater(1, band_bytes / row_bytes - p.reach[0]), lowest = divide_up(block_rows, p.pitch);
  // Few images are cut into bands of no less than a block.
  const int64_t wanted = divide_up(p.grid[0], greater(lowest, divide_up(p.grid[0] * g.batch, fewest_units)));
  p.bands = greater(divide_up(p.grid[0], fitting), wanted);
  p.band_rows = divide_up(p.grid[0], p.bands);
  p.bands = divide_up(p.grid[0], p.band_rows);
  p.all_bands = g.batch * p.bands;
  p.unit_bands = lesser(p.all_bands, greater(1, band_bytes / (p.band_size() * 2)));
  p.chunk = bfloat16_columns * greater(1, lesser(chunk_columns / bfloat16_columns, chunk_bytes / panel_bytes));
  const int64_t band_units = divide_up(p.all_bands, p.unit_bands), chunks = divide_up(p.columns, p.chunk);
  p.column_units = divide_up(chunks, divide_up(chunks, lesser(chunks, divide_up(fewest_units, band_units))));
  const bool rounds = problem.inputs[1].dtype == DType::float32;
  set_units(plan, rounds ? run<Unit, float> : run<Unit, BFloat16>, p.panels, g.multiplications() / 16);
  plan.phases = 2;
  plan.units[1] = band_units * p.column_units;
  plan.shared_scratch_bytes = static_cast<size_t>(p.panels * panel_bytes);
  plan.worker_scratch_bytes = static_cast<size_t>(
      block_rows * chunk_columns * 4 + (p.unit_bands * p.band_size() + (band_slack + p.reach[1]) * p.depth) * 2);
}

template <class Unit>
void prepare_forward(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  const ConvolutionGeometry g = forward_geometry(problem);
  set_forward(p, g);
  prepare<Unit>(problem, plan, p, g);
}

template <class Unit>
void prepare_input_gradient(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  set_input_gradient(p, g);
  prepare<Unit>(problem, plan, p, g);
}

const char* refuse_forward(const KernelProblem& problem) {
  const ConvolutionGeometry g = forward_geometry(problem);
  return refuse_for_bfloat16(problem, g, g.channels);
}
const char* refuse_input_gradient(const KernelProblem& problem) {
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  return refuse_for_bfloat16(problem, g, g.filters);
}

#ifdef GM_HAS_BFLOAT16_UNITS
template <void (*prepare)(const KernelProblem&, KernelPlan&)>
const char* decline_small(const KernelProblem& problem) {
  KernelPlan plan;
  prepare(problem, plan);
  const Parameters& p = parameters_of<Parameters>(plan);
  return decline_waste(p.band_rows * p.grid[1], round_to(p.band_rows * p.pitch, tile_rows));
}
#endif

}  // namespace

void add_bfloat16_convolution(KernelList& list) {
#ifdef GM_HAS_BFLOAT16_UNITS
  static const Kernel tiles{bfloat16_tiles, refuse_on_tiles<refuse_forward>, prepare_forward<ByTiles<Tiles>>,
                            decline_small<prepare_forward<ByTiles<Tiles>>>};
  add_kernel(list, &tiles);
#endif
  static const Kernel emulated{emulated_tiles, refuse_forward, prepare_forward<ByTiles<EmulatedTiles>>, decline_emulation};
  add_kernel(list, &emulated);
}

void add_bfloat16_input_gradient(KernelList& list) {
#ifdef GM_HAS_BFLOAT16_UNITS
  static const Kernel tiles{bfloat16_tiles, refuse_on_tiles<refuse_input_gradient>, prepare_input_gradient<ByTiles<Tiles>>,
                            decline_small<prepare_input_gradient<ByTiles<Tiles>>>};
  add_kernel(list, &tiles);
#endif
  static const Kernel emulated{emulated_tiles, refuse_input_gradient, prepare_input_gradient<ByTiles<EmulatedTiles>>, decline_emulation};
  add_kernel(list, &emulated);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
