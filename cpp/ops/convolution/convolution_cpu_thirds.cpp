// Convolutions of float32 images on tiles of bfloat16 numbers, as sums of thirds (cpu/thirds.h), and their gradients to the
// input, as sums over taps (bands_kernel.h). A unit splits its part of the images first, into L2, as many taps and columns
// see it. Columns of the kernel are split when their turn comes, into L1. Where rows that run on over the ends of lines and
// images would be much waste, those of real pixels are gathered for each sum.
#include "ops/convolution/split_bands_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t block_bytes = 728 << 10;  // of results that pass split columns, and of their rows of one sum
constexpr int64_t pass_columns = 256;     // whose results stay in L2 with the rows they are made of
constexpr int64_t unit_rows = 960;        // where enough units are left
constexpr int64_t split_bytes = 2 << 20;  // of the images of a unit, if it is not the smallest
constexpr int64_t wanted_units = 16, fewest_columns = 32;
constexpr int64_t plain_rows = 64;        // at a time, of what cannot be split
constexpr int64_t pixel_bytes = 64;       // of a third of tile_terms channels
constexpr int64_t gather_cost = 24;       // in columns, of a row

struct Parameters : SplitBands {
  int64_t chunks;  // of channels
  int64_t row_units, column_units;
  int64_t unit_columns, row_block, column_block;
  int64_t column_scratch;  // bytes of split columns, or of what plain products take

  // Of all planes, with what whole tiles read behind them.
  int64_t pixels() const { return step * step * plane_pixels() + thirds_side + (reach[0] + 1) * pitch; }
  int64_t third_bytes() const { return pixels() * pixel_bytes; }
};

// False if a number has no thirds.
bool split_planes(const Parameters& p, const Band& band, const float* images, char* planes) {
  const int64_t third = p.third_bytes();
  ThirdsCheck check;
  const auto zero = [&](int64_t pixel, int64_t pixels) {
    for (int64_t i = 0; i < 3 * p.chunks; ++i) __builtin_memset(planes + i * third + pixel * pixel_bytes, 0, pixels * pixel_bytes);
  };
  const int64_t whole = p.depth / tile_terms, rest = p.depth % tile_terms;
  const auto split = [&](const float* from, int64_t pixel, int64_t pixels) {
    for (int64_t i = 0; i < pixels; ++i, from += p.step * p.depth) {
      char* const to = planes + (pixel + i) * pixel_bytes;
      for (int64_t chunk = 0; chunk < whole; ++chunk)
        split_rows<true>(from + chunk * tile_terms, 0, 0, 1, to + 3 * chunk * third, third, check);
      if (rest == 0) continue;
      alignas(64) float last[tile_terms] = {};
      __builtin_memcpy(last, from + whole * tile_terms, rest * sizeof(float));
      split_rows<true>(last, 0, 0, 1, to + 3 * whole * third, third, check);
    }
  };
  for_rows_of_planes(p, band, images, zero, split);
  return check.all_split();
}

// The same planes as they are.
void copy_planes(const Parameters& p, const Band& band, const float* images, float* planes) {
  const int64_t bytes = p.depth * sizeof(float);
  const auto zero = [&](int64_t pixel, int64_t pixels) { __builtin_memset(planes + pixel * p.depth, 0, pixels * bytes); };
  const auto copy = [&](const float* from, int64_t pixel, int64_t pixels) {
    for (int64_t i = 0; i < pixels; ++i) __builtin_memcpy(planes + (pixel + i) * p.depth, from + i * p.step * p.depth, bytes);
  };
  for_rows_of_planes(p, band, images, zero, copy);
}

// Results of one remainder.
struct Block {
  int64_t row, rows, column, columns;
  int64_t first_tap, taps;
};

// Where a product of a tap and a chunk of channels has its factors. Chunks that stay in L2 while all taps pass follow each other.
struct Step {
  int64_t tap, chunk;
};
Step step_of(const Parameters& p, const Block& block, int64_t index) {
  const int64_t full = p.chunks / sum_chunks * sum_chunks, rest = p.chunks % sum_chunks;
  if (index < full * block.taps) {
    const int64_t tap = index / sum_chunks % block.taps;
    return {block.first_tap + tap, index / sum_chunks / block.taps * sum_chunks + index % sum_chunks};
  }
  index -= full * block.taps;
  return {block.first_tap + index / rest, full + index % rest};
}

// What a worker has.
struct Workspace {
  float* tile;
  char* columns;   // split: those that are multiplied and those that come next
  char* gathered;  // rows, as chunks
  char* planes;
  WaitingSums waiting;
  NextColumns next;
  int64_t turn = 0;
};

// Steps that are summed together.
struct Steps {
  int64_t count;
  Step items[sum_chunks];

  Steps(const Parameters& p, const Block& block, int64_t first) {
    const int64_t all = block.taps * p.chunks, most = divide_up(all, divide_up(all, sum_chunks));
    count = greater(0, lesser(most, all - first));
    for (int64_t i = 0; i < count; ++i) items[i] = step_of(p, block, first + i);
  }
  // One behind the other, of one tap.
  bool of_whole_chunks(const Parameters& p) const {
    return count > 0 && items[count - 1].tap == items[0].tap && (items[count - 1].chunk + 1) * tile_terms <= p.depth;
  }
};

Lines columns_of(const Parameters& p, const Taps& taps, const Step& step, const float* kernel, int64_t column) {
  const float* from = kernel + taps.index[step.tap] * p.depth * p.columns + step.chunk * tile_terms * p.tap.b_row;
  return {from + column * p.tap.b_col, p.tap.b_col, p.tap.b_row};
}

// The 32 columns from this one on, under each step.
void pack_columns_of(const Parameters& p, const Taps& taps, const float* kernel, const Block& block, const Steps& steps,
                     int64_t column, char* to, ThirdsCheck& check) {
  for (int64_t i = 0; i < steps.count; ++i) {
    const Step& step = steps.items[i];
    const Lines lines = columns_of(p, taps, step, kernel, block.column + column);
    for (int64_t side = 0; side < 2; ++side) {
      char* const tile = to + (side * steps.count + i) * chunk_bytes;
      const Lines from{lines.from + side * tile_lines * lines.line, lines.line, lines.term};
      pack_chunk(from, block.columns - column - side * tile_lines, p.depth - step.chunk * tile_terms, true, tile, check);
    }
  }
}

// Rows of a block under each step, a third of each behind the other.
void gather_rows(const Parameters& p, const Taps& taps, const Band& band, const Block& block, const Steps& steps, Workspace& work) {
  const int64_t size = round_to(block.rows, thirds_side) * pixel_bytes;
  for_runs(p, band, block.row, block.row + block.rows, [&](int64_t row, int64_t pixel, int64_t rows) {
    char* to = work.gathered + row * pixel_bytes;
    for (int64_t i = 0; i < steps.count; ++i) {
      const char* from = work.planes + 3 * steps.items[i].chunk * p.third_bytes() + (taps.pixels[steps.items[i].tap] + pixel) * pixel_bytes;
      for (int64_t third = 0; third < 3; ++third, from += p.third_bytes(), to += size) {
        for (int64_t j = 0; j < rows; ++j)
          reinterpret_cast<TileRow*>(to)[j] = reinterpret_cast<const TileRow*>(from)[j];
      }
    }
  });
}

// False if a number of the kernel has no thirds.
template <class TILES>
bool multiply_block(TILES& tiles, const Parameters& p, const Taps& taps, const float* kernel, const Band& band, const Block& block,
                    int64_t width, Workspace& work) {
  const int64_t gathered_third = round_to(block.rows, thirds_side) * pixel_bytes;
  const char* const rows = p.gathers ? work.gathered : work.planes + block.row * pixel_bytes;
  const int64_t all = block.taps * p.chunks;
  ThirdsCheck check;
  bool has_columns = false;  // split already
  work.next.check = {};
  for (int64_t first = 0; first < all;) {
    const Steps steps(p, block, first), behind(p, block, first + steps.count);
    long places[sum_chunks];
    for (int64_t i = 0; i < steps.count; ++i) {
      const Step& step = steps.items[i];
      places[i] = p.gathers ? 3 * i * gathered_third : 3 * step.chunk * p.third_bytes() + taps.pixels[step.tap] * pixel_bytes;
    }
    if (p.gathers) gather_rows(p, taps, band, block, steps, work);
    for (int64_t column = 0; column < width; column += thirds_side) {
      char* const these = work.columns + work.turn % 2 * columns_bytes;
      if (!has_columns) pack_columns_of(p, taps, kernel, block, steps, column, these, check);
      // What follows: the next columns, or the first ones of the next steps.
      const bool is_last = column + thirds_side >= block.columns;
      const int64_t next_column = is_last ? 0 : column + thirds_side;
      const Steps& next = is_last ? behind : steps;
      has_columns = next.of_whole_chunks(p) && next_column + thirds_side <= block.columns;
      if (has_columns)
        work.next.begin(columns_of(p, taps, next.items[0], kernel, block.column + next_column), next.count,
                        work.columns + ++work.turn % 2 * columns_bytes);
      const int64_t row_blocks = divide_up(block.rows, thirds_side);
      for (int64_t i = 0; i < row_blocks; ++i) {
        const int64_t row = i * thirds_side;
        ThirdsBlock<TilePlaces> part{rows + row * pixel_bytes,
                                     {places, pixel_bytes, tile_lines * pixel_bytes, p.gathers ? gathered_third : p.third_bytes()},
                                     these, steps.count * chunk_bytes, steps.count,
                                     work.tile + row * width + column, width, first > 0};
        if (has_columns) {
          part.next = &work.next;
          part.pieces = divide_up(work.next.left, product_steps * steps.count * (row_blocks - i));
        }
        if (has_columns && next_column + 2 * thirds_side <= block.columns) {
          const Lines later = columns_of(p, taps, next.items[0], kernel, block.column + next_column + thirds_side);
          part.soon[0] = soon_read(later, next.count, {i, row_blocks});
        }
        multiply_thirds(tiles, part, work.waiting);
      }
      work.next.finish();
    }
    first += steps.count;
  }
  work.waiting.add();
  return check.all_split() && work.next.check.all_split();
}

// The same without tiles, of planes as they are.
void multiply_plainly(const Parameters& p, const Taps& taps, const float* kernel, const Band& band, const Block& block, int64_t width,
                      Workspace& work) {
  GemmProblem product = p.tap;
  product.a_row = p.depth;
  product.a_col = 1;
  product.n = block.columns;
  float* const sums = reinterpret_cast<float*>(work.columns);
  char* const scratch = work.columns + plain_rows * pass_columns * sizeof(float);
  __builtin_memset(work.tile, 0, block.rows * width * sizeof(float));
  for_runs(p, band, block.row, block.row + block.rows, [&](int64_t row, int64_t pixel, int64_t rows) {
    for (int64_t done = 0; done < rows; done += plain_rows) {
      product.m = lesser(plain_rows, rows - done);
      float* to = work.tile + (row + done) * width;
      for (int64_t tap = block.first_tap; tap < block.first_tap + block.taps; ++tap) {
        const float* a = reinterpret_cast<const float*>(work.planes) + (taps.pixels[tap] + pixel + done) * p.depth;
        const float* b = kernel + taps.index[tap] * p.depth * p.columns + block.column * p.tap.b_col;
        gemm_run(product, a, b, sums, width, scratch, 0, gemm_split(product, 4).units, nullptr);
        for (int64_t i = 0; i < product.m; ++i)
          for (int64_t j = 0; j < block.columns; ++j) to[i * width + j] += sums[i * width + j];
      }
    }
  });
}

int64_t plain_bytes(const Parameters& p) {
  size_t most = 0;
  for (int64_t rows = 1; rows <= plain_rows; ++rows) {
    for (int64_t columns = p.columns % thirds_side; columns <= p.column_block; columns += thirds_side) {
      GemmProblem product = p.tap;
      product.m = rows;
      product.n = columns;
      product.a_row = p.depth;
      product.a_col = 1;
      const size_t bytes = gemm_scratch_bytes(product, 4);
      if (bytes > most) most = bytes;
    }
  }
  return plain_rows * pass_columns * 4 + static_cast<int64_t>(most);
}

int64_t gathered_bytes(const Parameters& p) { return p.gathers ? p.row_block * sum_chunks * 3 * pixel_bytes : 0; }

template <class TILES>
void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const Taps taps(p, p.plane_pixels());
  const float *images = static_cast<const float*>(call.buffers[0]), *kernel = static_cast<const float*>(call.buffers[1]);
  Destination destination(p, call);
  Workspace work;
  work.columns = call.worker_scratch;
  work.gathered = work.columns + p.column_scratch;
  work.planes = work.gathered + gathered_bytes(p);
  work.tile = reinterpret_cast<float*>(work.planes + 3 * p.chunks * p.third_bytes());
  TILES tiles;
  tiles.begin();
  for (int64_t unit = call.begin, count; unit < call.end; unit += count) {
    count = lesser(call.end - unit, p.column_units - unit % p.column_units);  // what is split serves all of them
    const Band band = band_of(p, unit / p.column_units);
    bool is_split = split_planes(p, band, images, work.planes);
    if (!is_split) copy_planes(p, band, images, reinterpret_cast<float*>(work.planes));
    const int64_t first_column = unit % p.column_units * p.unit_columns, end = lesser(first_column + count * p.unit_columns, p.columns);
    for (int64_t column = first_column; column < end; column += p.column_block) {
      for (int64_t row = 0; row < band.rows; row += p.row_block) {
        for (int64_t remainder = 0; remainder < p.spread * p.spread; ++remainder) {
          Block block{row, lesser(p.row_block, band.rows - row), column, lesser(p.column_block, end - column), 0, 0};
          block.first_tap = taps.first[remainder];
          block.taps = taps.first[remainder + 1] - block.first_tap;
          const int64_t width = round_to(block.columns, thirds_side);
          if (is_split && !multiply_block(tiles, p, taps, kernel, band, block, width, work)) {
            is_split = false;
            copy_planes(p, band, images, reinterpret_cast<float*>(work.planes));
          }
          if (!is_split) multiply_plainly(p, taps, kernel, band, block, width, work);
          destination.finish(p, band, remainder, row, row + block.rows, column, block.columns, work.tile, width);
        }
      }
    }
  }
  tiles.end();
}

// Cuts the work; the geometry is known.
template <class TILES>
void prepare(const KernelProblem& problem, KernelPlan& plan, Parameters& p, const ConvolutionGeometry& g) {
  set_epilogue(p, problem);
  p.batch = g.batch;
  p.chunks = divide_up(p.depth, tile_terms);
  p.unit_images = p.bands = 1;
  p.band_rows = p.grid[0];
  const int64_t block_rows = block_bytes / (4 * lesser(p.columns, pass_columns) + sum_chunks * 3 * pixel_bytes);
  // Of a whole image: results, and those that rows which run on would make.
  const int64_t results = p.grid[0] * p.grid[1], most_columns = lesser(pass_columns, p.columns);
  const int64_t image_rows = p.image_lines() * p.pitch, last_rows = p.grid[0] * p.pitch;
  p.gathers = (image_rows - results) * most_columns > gather_cost * results;
  const auto rows_of = [&](int64_t images) { return p.gathers ? images * results : (images - 1) * image_rows + last_rows; };
  if (rows_of(2) <= block_rows) {
    int64_t most = 2;
    while (most < p.batch && rows_of(most + 1) <= block_rows) ++most;
    int64_t units = divide_up(p.batch, most);
    while (units < wanted_units && (units & (units - 1)) != 0) ++units;  // no worker has more of few
    p.unit_images = divide_up(p.batch, units);
  } else {
    const int64_t fitting = split_bytes / (3 * p.chunks * pixel_bytes * p.step * p.step * p.pitch) - p.reach[0];
    const int64_t most = lesser(unit_rows / p.pitch, p.batch * p.grid[0] / wanted_units);
    cut_image(p, greater(divide_up(block_rows, p.pitch), lesser(fitting, most)));
    p.gathers = (p.pitch - p.grid[1]) * most_columns > gather_cost * p.grid[1];
  }
  const int64_t all_rows = p.unit_images > 1 ? rows_of(p.unit_images) : p.band_rows * (p.gathers ? p.grid[1] : p.pitch);
  p.row_block = round_to(divide_up(all_rows, divide_up(all_rows, block_rows)), thirds_side);
  p.row_units = p.all_bands();
  const int64_t enough = greater(divide_up(p.columns, pass_columns), lesser(divide_up(wanted_units, p.row_units), divide_up(p.columns, fewest_columns)));
  p.unit_columns = round_to(divide_up(p.columns, enough), thirds_side);
  p.column_units = divide_up(p.columns, p.unit_columns);
  p.column_block = p.unit_columns * greater(1, lesser(p.column_units, pass_columns / p.unit_columns));
  set_units(plan, run<TILES>, p.row_units * p.column_units, g.multiplications() / 4);
  plan.neighbours = p.column_units;
  p.column_scratch = round_to(greater(2 * columns_bytes, plain_bytes(p)), 64);
  plan.worker_scratch_bytes = static_cast<size_t>(p.column_scratch + gathered_bytes(p) + 3 * p.chunks * p.third_bytes() + p.row_block * p.column_block * 4);
}

template <class TILES>
void prepare_forward(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  const ConvolutionGeometry g = forward_geometry(problem);
  set_forward(p, g);
  prepare<TILES>(problem, plan, p, g);
}

template <class TILES>
void prepare_input_gradient(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  set_input_gradient(p, g);
  prepare<TILES>(problem, plan, p, g);
}

const char* refuse_forward(const KernelProblem& problem) {
  return refuse_for_thirds(problem, forward_geometry(problem));
}
const char* refuse_input_gradient(const KernelProblem& problem) {
  return refuse_for_thirds(problem, input_gradient_geometry(problem));
}

#ifdef GM_HAS_BFLOAT16_UNITS
const char* decline_forward(const KernelProblem& problem) { return decline_for_thirds(forward_geometry(problem), 24e6, 60); }
const char* decline_input_gradient(const KernelProblem& problem) { return decline_for_thirds(input_gradient_geometry(problem), 24e6, 50); }
#endif

}  // namespace

void add_thirds_convolution(KernelList& list) {
#ifdef GM_HAS_BFLOAT16_UNITS
  static const Kernel tiles{float32_tiles, refuse_on_tiles<refuse_forward>, prepare_forward<Tiles>, decline_forward};
  add_kernel(list, &tiles);
#endif
  static const Kernel emulated{emulated_float32_tiles, refuse_forward, prepare_forward<EmulatedTiles>, decline_emulation};
  add_kernel(list, &emulated);
}

void add_thirds_input_gradient(KernelList& list) {
#ifdef GM_HAS_BFLOAT16_UNITS
  static const Kernel tiles{float32_tiles, refuse_on_tiles<refuse_input_gradient>, prepare_input_gradient<Tiles>,
                            decline_input_gradient};
  add_kernel(list, &tiles);
#endif
  static const Kernel emulated{emulated_float32_tiles, refuse_input_gradient, prepare_input_gradient<EmulatedTiles>,
                               decline_emulation};
  add_kernel(list, &emulated);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
