// Convolutions of bfloat16 images on AMX, and their gradients to the input. A tap of the kernel sees the image shifted, so
// the sum has one product for each tap, of the same rows from another pixel on. A band of the image is copied once, with
// the zeros around it; rows of results run on over the end of a row of pixels, and what they make of the zeros there is
// left out. With strides a convolution sees pixels that are so far apart: these are copied to lie side by side, as a plane
// for each remainder. Its gradient makes such pixels together, of those taps that reach them.
#include "cpu/tile_run.h"
#include "ops/convolution/bfloat16_convolution_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t band_bytes = 384 * 1024;   // of the copies of a unit, in L2 while the kernel passes
constexpr int64_t chunk_bytes = 640 * 1024;  // of the kernel, in L2 while the bands of a unit pass
constexpr int64_t block_rows = 128;          // of results that are computed before the epilogue gets them
constexpr int64_t chunk_columns = 256;
constexpr int64_t fewest_units = 32;
constexpr int64_t band_slack = tile_rows;    // pixels behind the bands that whole tiles read

struct Parameters {
  int64_t from[2], to[2];   // sizes of the image that is read and of the result
  int64_t window[2], padding[2];
  bool gradient;            // to the input
  int64_t step, spread;     // the stride, of the pixels that are read and of those that are made
  int64_t depth, columns;   // channels of the image and of the result
  int64_t grid[2];          // results of one remainder
  int64_t lead[2], reach[2];  // zeros in front of the image; how far the taps of a result lie apart, in a plane
  int64_t pitch;            // pixels between rows of a band
  int64_t band_rows, bands; // of the grid
  int64_t all_bands, unit_bands, column_units, chunk;  // of all images; of a unit; columns that a unit's bands pass at once
  int64_t panels;
  GemmProblem tap;          // of the kernel: a matrix of depth x columns
  const TileProgram* program;
  int program_operands;     // inputs of the node beyond the first two, then outputs

  int64_t taps() const { return window[0] * window[1]; }
  int64_t plane_pixels() const { return (band_rows + reach[0]) * pitch; }
  int64_t band_size() const { return step * step * plane_pixels() * depth; }
};

// The taps in the order in which they are summed: those of the first remainder of results, those of the next one.
struct Taps {
  int64_t index[most_bfloat16_taps];  // in the kernel
  long offsets[most_bfloat16_taps];   // of the first row
  int64_t first[most_bfloat16_taps + 1];  // of a remainder

  explicit Taps(const Parameters& p) {
    int64_t count = 0;
    for (int64_t remainder = 0; remainder < p.spread * p.spread; ++remainder) {
      first[remainder] = count;
      for (int64_t tap = 0; tap < p.taps(); ++tap) {
        const int64_t at[2] = {tap / p.window[1], tap % p.window[1]}, result[2] = {remainder / p.spread, remainder % p.spread};
        int64_t place[2], plane = 0;
        bool reached = true;
        for (int i = 0; i < 2; ++i) {
          const int64_t distance = result[i] + p.padding[i] - at[i];
          reached = reached && distance % p.spread == 0;
          place[i] = p.gradient ? distance / p.spread + p.lead[i] : at[i] / p.step;
          plane = plane * p.step + (p.gradient ? 0 : at[i] % p.step);
        }
        if (!reached) continue;
        index[count] = tap;
        offsets[count++] = (plane * p.plane_pixels() + place[0] * p.pitch + place[1]) * p.depth;
      }
    }
    first[p.spread * p.spread] = count;
  }
};

template <class Right>
void pack_kernel(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const Taps taps(p);
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
  const int64_t before = x < 0 ? divide_up(-x, p.step) : 0, first = x + before * p.step;
  const int64_t there = first < p.from[1] ? divide_up(p.from[1] - first, p.step) : 0, count = lesser(there, p.pitch - before);
  __builtin_memset(to, 0, before * p.depth * sizeof(BFloat16));
  to += before * p.depth;
  if (p.step == 1) {
    __builtin_memcpy(to, row + first * p.depth, count * p.depth * sizeof(BFloat16));
  } else {
    for (int64_t i = 0; i < count; ++i)
      __builtin_memcpy(to + i * p.depth, row + (first + i * p.step) * p.depth, p.depth * sizeof(BFloat16));
  }
  __builtin_memset(to + count * p.depth, 0, (p.pitch - before - count) * p.depth * sizeof(BFloat16));
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

// Where results go.
struct Destination {
  void* operands[max_tile_operands];  // operand 0, the convolution, is set for every block
  float* plain;                       // without a program

  void write(const Parameters& p, int64_t pixel, int64_t pixels, int64_t col, int64_t cols, const float* from, int64_t stride) {
    const int64_t begin = pixel * p.columns + col;
    if (p.program) return run_tile_block(*p.program, operands, begin, pixels, p.columns, cols, from, stride);
    for (int64_t i = 0; i < pixels; ++i)
      __builtin_memcpy(plain + begin + i * p.columns, from + i * stride, cols * sizeof(float));
  }

  // Rows [first, last) of a band's results of one remainder, without those behind the end of a row of pixels.
  void finish(const Parameters& p, int64_t band, int64_t remainder, int64_t first, int64_t last, int64_t col, int64_t cols,
              const float* tile, int64_t stride) {
    const int64_t image = band / p.bands, top = band % p.bands * p.band_rows;
    const int64_t y0 = remainder / p.spread, x0 = remainder % p.spread, width = divide_up(p.to[1] - x0, p.spread);
    for (int64_t at = first; at < last;) {
      const int64_t row = at / p.pitch, next = lesser(last, (row + 1) * p.pitch), count = lesser(next, row * p.pitch + width) - at;
      const int64_t y = y0 + (top + row) * p.spread, pixel = (image * p.to[0] + y) * p.to[1] + x0 + at % p.pitch * p.spread;
      const float* from = tile + (at - first) * stride;
      if (y < p.to[0] && p.spread == 1 && count > 0) write(p, pixel, count, col, cols, from, stride);
      for (int64_t i = 0; y < p.to[0] && p.spread > 1 && i < count; ++i)
        write(p, pixel + i * p.spread, 1, col, cols, from + i * stride, stride);
      at = next;
    }
  }
};

template <class Unit, class Right>
void run(const KernelCall& call) {
  if (call.phase == 0) return pack_kernel<Right>(call);
  const Parameters& p = parameters_of<Parameters>(call);
  const Taps taps(p);
  const int64_t panel_size = p.taps() * p.depth / 2 * bfloat16_columns;
  Destination destination;
  destination.plain = p.program ? nullptr : static_cast<float*>(call.buffers[2]);
  for (int i = 0; i < p.program_operands; ++i) destination.operands[i + 1] = call.buffers[i + 2];
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
        const int64_t rows = lesser(p.band_rows, p.grid[0] - (first_band + band) % p.bands * p.band_rows) * p.pitch;
        for (int64_t remainder = 0; remainder < p.spread * p.spread; ++remainder) {
          const int64_t first_tap = taps.first[remainder], count = taps.first[remainder + 1] - first_tap;
          for (int64_t first = 0; first < rows; first += block_rows) {
            const int64_t last = lesser(first + block_rows, rows);
            const BFloat16* from = copies + band * p.band_size() + first * p.depth;
            for (int64_t j = 0; j < cols; j += bfloat16_columns) {
              const uint32_t* panel = kernel + (col + j) / bfloat16_columns * panel_size + first_tap * p.depth / 2 * bfloat16_columns;
              unit.run({&from->bits, p.depth, panel, p.depth / 2, tile + j, stride, false, taps.offsets + first_tap, count}, last - first);
            }
            destination.finish(p, first_band + band, remainder, first, last, col, cols, tile, stride);
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
  p.pitch = p.grid[1] + p.reach[1];
  p.program = problem.program;
  p.program_operands = problem.program ? problem.input_count - 2 + problem.output_count : 0;
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
  p.step = g.stride[1];
  p.spread = 1;
  for (int i = 0; i < 2; ++i) {
    p.from[i] = g.in[i + 1];
    p.to[i] = p.grid[i] = g.out[i + 1];
    p.window[i] = g.window[i + 1];
    p.padding[i] = p.lead[i] = g.padding[i + 1];
    p.reach[i] = (p.window[i] - 1) / p.step;
  }
  p.gradient = false;
  p.depth = g.channels;
  p.columns = g.filters;
  p.tap = {0, g.filters, g.channels, 0, 0, g.filters, 1};
  prepare<Unit>(problem, plan, p, g);
}

template <class Unit>
void prepare_input_gradient(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  p.step = 1;
  p.spread = g.stride[1];
  for (int i = 0; i < 2; ++i) {
    p.from[i] = g.out[i + 1];
    p.to[i] = g.in[i + 1];
    p.grid[i] = divide_up(p.to[i], p.spread);
    p.window[i] = g.window[i + 1];
    p.padding[i] = g.padding[i + 1];
    p.lead[i] = (p.window[i] - 1 - p.padding[i]) / p.spread;
    p.reach[i] = p.lead[i] + (p.spread - 1 + p.padding[i]) / p.spread;
  }
  p.gradient = true;
  p.depth = g.filters;
  p.columns = g.channels;
  p.tap = {0, g.channels, g.filters, 0, 0, 1, g.filters};
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
