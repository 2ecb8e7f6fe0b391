// Gradients to the kernel of a convolution of float32 images on tiles of bfloat16 numbers, as sums of thirds (cpu/thirds.h): for
// each tap a product of the results' gradient, turned so that its pixels are the terms of the sums, with the pixels of the
// images that the tap sees. A unit splits its filters of the gradient and its channels of the images (split_bands_kernel.h);
// pairs of neighbouring pixels are gathered for each tap, into L1, so that no term is waste.
#include "cpu/gemm.h"
#include "ops/convolution/split_bands_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t most_channels = 64, most_filters = 320;  // of a unit
constexpr int64_t most_terms = 512;  // of a band, whose split numbers stay in L2
constexpr int64_t fewest_units = 16;
constexpr int64_t most_together = 4;  // units with the same split pixels
constexpr int64_t most_piece_bytes = 32 << 20;  // all partial sums
constexpr int64_t plain_bytes = most_channels * most_filters * 4;

struct Parameters : SplitBands {
  int64_t unit_channels, unit_filters;     // up to whole tiles
  int64_t channel_units, filter_units;
  int64_t pieces, piece_bands;             // sums of so many bands each
  int64_t chunks;                          // of results of a band

  int64_t channels() const { return channel_units * unit_channels; }
  int64_t filters() const { return filter_units * unit_filters; }
  int64_t sum_elements() const { return taps() * channels() * filters(); }
  int64_t plane_bytes() const { return step * step * plane_pixels() * 64; }  // of a third of 16 channels
  int64_t pairs_bytes() const { return unit_channels / tile_lines * 3 * plane_bytes(); }
  int64_t turned_bytes() const { return unit_filters / tile_lines * chunks * chunk_bytes; }
  int64_t gathered_bytes() const { return 2 * sum_chunks * chunk_bytes; }
  // Without pieces a worker has the sums of its units.
  int64_t unit_sums() const { return pieces > 1 ? 0 : taps() * unit_channels * unit_filters; }
  int64_t together() const { return lesser(filter_units, most_together); }
};

// What one unit sums.
struct UnitSum {
  int64_t first_band, last_band;
  int64_t channel, channels, filter, filters;  // those that are there
  float* sums;           // for each tap and 32 channels rows of filters
  int64_t tap_distance;  // between sums, and that of 32 channels
  int64_t channel_distance;
  bool is_split;

  float* sums_of(int64_t tap, int64_t channel, int64_t filter) const {
    return sums + tap * tap_distance + channel / thirds_side * channel_distance + filter * thirds_side + channel % thirds_side;
  }
};

// What a worker has.
struct Workspace {
  char* pairs;     // each pixel of the planes with the one beside it, in order: for 16 channels each third
  char* turned;    // the results' gradient, as rows of chunks
  char* gathered;  // pairs under one tap, as columns of chunks
  float* sums;     // of units that are done together, if there are no pieces
  WaitingSums waiting;
};

UnitSum unit_sum(const Parameters& p, const KernelCall& call, int64_t unit, float* own_sums) {
  const int64_t piece = unit / p.filter_units / p.channel_units;
  UnitSum part;
  part.channel = unit / p.filter_units % p.channel_units * p.unit_channels;
  part.filter = unit % p.filter_units * p.unit_filters;
  part.channels = lesser(p.unit_channels, p.depth - part.channel);
  part.filters = lesser(p.unit_filters, p.columns - part.filter);
  part.first_band = piece * p.piece_bands;
  part.last_band = lesser(part.first_band + p.piece_bands, p.all_bands());
  part.is_split = true;
  if (p.pieces > 1) {
    part.tap_distance = p.channels() * p.filters();
    part.channel_distance = thirds_side * p.filters();
    part.sums = reinterpret_cast<float*>(call.shared_scratch) + piece * p.sum_elements();
    part.sums = part.sums_of(0, part.channel, part.filter);
  } else {
    part.tap_distance = p.unit_channels * p.unit_filters;
    part.channel_distance = thirds_side * p.unit_filters;
    part.sums = own_sums;
  }
  return part;
}

// Pairs of a line of pixels whose neighbours are not known: behind the last one lies zero.
void split_pairs(const Parameters& p, const UnitSum& part, const float* from, int64_t pixels, char* to, ThirdsCheck& check) {
  TileFloats sum = check.sum;
  TileRow left[most_channels / tile_lines][3] = {};
  for (int64_t i = pixels - 1; i >= 0; --i) {
    for (int64_t c = 0, tile = 0; c < part.channels; c += tile_lines, ++tile) {
      const float* pixel = from + i * p.step * p.depth + c;
      alignas(64) float padded[tile_lines];
      if (part.channels - c < tile_lines) {
        __builtin_memset(padded, 0, sizeof padded);
        __builtin_memcpy(padded, pixel, (part.channels - c) * sizeof(float));
        pixel = padded;
      }
      TileRow thirds[3];
      split_thirds(pixel, thirds);
      sum += (TileFloats)thirds[2];
      for (int64_t j = 0; j < 3; ++j) {
        *reinterpret_cast<TileRow*>(to + (3 * tile + j) * p.plane_bytes() + i * 64) = thirds[j] >> 16 | (left[tile][j] & 0xffff0000u);
        left[tile][j] = thirds[j];
      }
    }
  }
  check.sum = sum;
}

void split_band(const Parameters& p, const UnitSum& part, const Band& band, const float* images, char* pairs, ThirdsCheck& check) {
  const int64_t tiles = divide_up(part.channels, tile_lines);
  const auto zero = [&](int64_t pixel, int64_t pixels) {
    for (int64_t i = 0; i < 3 * tiles; ++i) __builtin_memset(pairs + i * p.plane_bytes() + pixel * 64, 0, pixels * 64);
  };
  const auto split = [&](const float* from, int64_t pixel, int64_t pixels) {
    split_pairs(p, part, from, pixels, pairs + pixel * 64, check);
    if (pixel == 0) return;
    // The zero or the pixel in front has this one beside it.
    for (int64_t i = 0; i < 3 * tiles; ++i) {
      TileRow* const at = reinterpret_cast<TileRow*>(pairs + i * p.plane_bytes() + pixel * 64);
      at[-1] = (at[-1] & 0xffffu) | at[0] << 16;
    }
  };
  for_rows_of_planes(p, band, images + part.channel, zero, split);
}

// The gradient of a band's results.
void turn_band(const Parameters& p, const UnitSum& part, const Band& band, const float* dy, char* to, ThirdsCheck& check) {
  const int64_t pixel = (band.image * p.grid[0] + band.top) * p.grid[1];
  const float* const from = dy + pixel * p.columns + part.filter;
  for (int64_t chunk = 0; chunk < divide_up(band.rows, tile_terms); ++chunk) {
    for (int64_t filter = 0; filter < round_to(part.filters, thirds_side); filter += tile_lines) {
      const Lines lines{from + chunk * tile_terms * p.columns + filter, 1, p.columns};
      char* const tile = to + (filter / tile_lines * p.chunks + chunk) * chunk_bytes;
      pack_chunk(lines, part.filters - filter, band.rows - chunk * tile_terms, false, tile, check);
    }
  }
}

// Chunks of the pairs of two tiles of channels: of results whose pixels lie at `pixels`.
template <bool TOGETHER>
void gather_pairs(const Parameters& p, const char* pairs, const int32_t* pixels, int64_t results, int64_t chunks, char* to) {
  const int64_t all = chunks * bfloat16_tile_pairs, there = TOGETHER ? divide_up(results, 2) : results / 2;
  for (int64_t tile = 0; tile < 2; ++tile) {
    for (int64_t third = 0; third < 3; ++third) {
      const TileRow* const from = reinterpret_cast<const TileRow*>(pairs + (3 * tile + third) * p.plane_bytes());
      char* const first = to + tile * chunks * chunk_bytes + third * tile_bytes;
      const auto row = [&](int64_t i) -> TileRow& {
        return *reinterpret_cast<TileRow*>(first + i / bfloat16_tile_pairs * chunk_bytes + i % bfloat16_tile_pairs * 64);
      };
      for (int64_t i = 0; i < there; ++i)
        row(i) = TOGETHER ? from[pixels[2 * i]] : (from[pixels[2 * i]] & 0xffffu) | from[pixels[2 * i + 1]] << 16;
      for (int64_t i = there; i < all; ++i) row(i) = 2 * i < results ? from[pixels[2 * i]] : TileRow{};
    }
  }
}

// Adds the products of a band, whose pixels are split, to the sums of a unit.
template <class TILES>
void add_band(TILES& tiles, const Parameters& p, const Taps& taps, const UnitSum& part, const Band& band, bool is_first, Workspace& work) {
  int32_t pixels[most_terms], seen[sum_chunks * tile_terms];
  for_runs(p, band, 0, band.rows, [&](int64_t row, int64_t pixel, int64_t count) {
    for (int64_t i = 0; i < count; ++i) pixels[row + i] = static_cast<int32_t>(pixel + i);
  });
  const ChunkPlaces rows{p.chunks * chunk_bytes};
  const int64_t all = divide_up(band.rows, tile_terms), most = divide_up(all, divide_up(all, sum_chunks));
  for (int64_t chunk = 0; chunk < all; chunk += most) {
    const int64_t chunks = lesser(most, all - chunk), first = chunk * tile_terms;
    const int64_t results = lesser(chunks * tile_terms, band.rows - first);
    for (int64_t tap = 0; tap < p.taps(); ++tap) {
      for (int64_t i = 0; i < results; ++i) seen[i] = pixels[first + i] + static_cast<int32_t>(taps.pixels[tap]);
      for (int64_t c = 0; c < part.channels; c += thirds_side) {
        const char* const pairs = work.pairs + c / tile_lines * 3 * p.plane_bytes();
        if (p.grid[1] % 2 == 0) gather_pairs<true>(p, pairs, seen, results, chunks, work.gathered);
        else gather_pairs<false>(p, pairs, seen, results, chunks, work.gathered);
        for (int64_t filter = 0; filter < part.filters; filter += thirds_side) {
          const char* const turned = work.turned + filter / tile_lines * rows.lower + chunk * chunk_bytes;
          const ThirdsBlock<ChunkPlaces> block{turned, rows, work.gathered, chunks * chunk_bytes, chunks,
                                  part.sums_of(taps.index[tap], c, filter), thirds_side, !is_first || chunk > 0};
          multiply_thirds(tiles, block, work.waiting);
        }
      }
    }
  }
}

// Neighbouring units, with the same channels of the same bands.
template <class TILES>
void sum_units(TILES& tiles, const Parameters& p, const Taps& taps, const KernelCall& call, UnitSum* units, int64_t count, Workspace& work) {
  const float *images = static_cast<const float*>(call.buffers[0]), *dy = static_cast<const float*>(call.buffers[1]);
  for (int64_t index = units->first_band; index < units->last_band; ++index) {
    const Band band = band_of(p, index);
    ThirdsCheck pixels;
    split_band(p, *units, band, images, work.pairs, pixels);
    for (int64_t i = 0; i < count; ++i) {
      ThirdsCheck results;
      turn_band(p, units[i], band, dy, work.turned, results);
      add_band(tiles, p, taps, units[i], band, index == units->first_band, work);
      units[i].is_split &= pixels.all_split() && results.all_split();
    }
  }
  work.waiting.add();
}

// A unit without tiles, a line of results at a time.
void sum_plainly(const Parameters& p, const KernelCall& call, const UnitSum& part, float* product, char* scratch) {
  const float* const images = static_cast<const float*>(call.buffers[0]) + part.channel;
  const float* const dy = static_cast<const float*>(call.buffers[1]) + part.filter;
  for (int64_t tap = 0; tap < p.taps(); ++tap) {
    for (int64_t i = 0; i < part.filters; ++i)
      for (int64_t j = 0; j < part.channels; ++j) *part.sums_of(tap, j, i) = 0;
    const int64_t right = tap % p.window[1] - p.padding[1], low = right < 0 ? divide_up(-right, p.step) : 0;
    const int64_t high = p.from[1] > right ? lesser(p.grid[1], divide_up(p.from[1] - right, p.step)) : 0;
    for (int64_t index = part.first_band; index < part.last_band && low < high; ++index) {
      const Band band = band_of(p, index);
      for (int64_t line = 0; line < band.rows / band.pitch; ++line) {
        const int64_t image = band.image + line / band.image_lines, result = band.top + line % band.image_lines;
        const int64_t y = result * p.step + tap / p.window[1] - p.padding[0];
        if (y < 0 || y >= p.from[0]) continue;
        const float* a = dy + ((image * p.grid[0] + result) * p.grid[1] + low) * p.columns;
        const float* b = images + ((image * p.from[0] + y) * p.from[1] + low * p.step + right) * p.depth;
        const GemmProblem factors{part.filters, part.channels, high - low, 1, p.columns, p.step * p.depth, 1};
        gemm_run(factors, a, b, product, part.channels, scratch, 0, gemm_split(factors, 4).units, nullptr);
        for (int64_t i = 0; i < part.filters; ++i)
          for (int64_t j = 0; j < part.channels; ++j) *part.sums_of(tap, j, i) += product[i * part.channels + j];
      }
    }
  }
}

size_t plain_scratch(const Parameters& p) {
  size_t most = 0;
  for (int64_t channels : {lesser(p.unit_channels, p.depth), p.depth % p.unit_channels}) {
    for (int64_t filters : {lesser(p.unit_filters, p.columns), p.columns % p.unit_filters}) {
      for (int64_t pixels = 1; pixels <= p.grid[1]; ++pixels) {
        const GemmProblem product{filters, channels, pixels, 1, p.columns, p.step * p.depth, 1};
        const size_t bytes = gemm_scratch_bytes(product, 4);
        if (bytes > most) most = bytes;
      }
    }
  }
  return plain_bytes + most;
}

// Adds up the pieces of 16 channels of one tap, turned and without what fills up tiles. `result` has the filters of the first of
// the channels.
void turn_sums(const Parameters& p, const float* sums, int64_t channels, int64_t filters, float* result) {
  for (int64_t filter = 0; filter < filters; filter += tile_lines) {
    alignas(64) TileFloats rows[tile_lines];
    alignas(64) float turned[tile_lines * tile_lines];
    for (int64_t i = 0; i < tile_lines; ++i) {
      const float* from = sums + (filter + i) * thirds_side;
      rows[i] = *reinterpret_cast<const UnalignedFloats*>(from);
      for (int64_t piece = 1; piece < p.pieces; ++piece) rows[i] += *reinterpret_cast<const UnalignedFloats*>(from + piece * p.sum_elements());
    }
    turn_square(reinterpret_cast<const float*>(rows), tile_lines, turned, tile_lines);
    for (int64_t i = 0; i < channels; ++i)
      __builtin_memcpy(result + i * p.columns + filter, turned + i * tile_lines, lesser(tile_lines, filters - filter) * sizeof(float));
  }
}

// A unit makes 16 channels of one tap.
void add_pieces(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const int64_t blocks = divide_up(p.depth, tile_lines);
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const int64_t tap = unit / blocks, channel = unit % blocks * tile_lines;
    const float* sums = reinterpret_cast<const float*>(call.shared_scratch) +
                        (tap * p.channels() + channel / thirds_side * thirds_side) * p.filters() + channel % thirds_side;
    float* const result = static_cast<float*>(call.buffers[2]) + (tap * p.depth + channel) * p.columns;
    turn_sums(p, sums, lesser(tile_lines, p.depth - channel), p.columns, result);
  }
}

void finish_unit(const Parameters& p, const UnitSum& part, float* result) {
  for (int64_t tap = 0; tap < p.taps(); ++tap) {
    for (int64_t c = 0; c < part.channels; c += tile_lines) {
      float* const to = result + (tap * p.depth + part.channel + c) * p.columns + part.filter;
      turn_sums(p, part.sums_of(tap, c, 0), lesser(tile_lines, part.channels - c), part.filters, to);
    }
  }
}

template <class TILES>
void run(const KernelCall& call) {
  if (call.phase == 1) return add_pieces(call);
  const Parameters& p = parameters_of<Parameters>(call);
  const Taps taps(p, p.plane_pixels());
  Workspace work;
  work.sums = reinterpret_cast<float*>(call.worker_scratch);
  work.pairs = call.worker_scratch + p.together() * p.unit_sums() * 4;
  work.turned = work.pairs + p.pairs_bytes();
  work.gathered = work.turned + p.turned_bytes();
  TILES tiles;
  tiles.begin();
  for (int64_t unit = call.begin, count; unit < call.end; unit += count) {
    count = lesser(lesser(p.together(), call.end - unit), p.filter_units - unit % p.filter_units);
    UnitSum units[most_together];
    for (int64_t i = 0; i < count; ++i) units[i] = unit_sum(p, call, unit + i, work.sums + i * p.unit_sums());
    sum_units(tiles, p, taps, call, units, count, work);
    for (int64_t i = 0; i < count; ++i) {
      if (!units[i].is_split) sum_plainly(p, call, units[i], reinterpret_cast<float*>(work.pairs), work.pairs + plain_bytes);
      if (p.pieces == 1) finish_unit(p, units[i], static_cast<float*>(call.buffers[2]));
    }
  }
  tiles.end();
}

template <class TILES>
void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  const ConvolutionGeometry g = kernel_gradient_geometry(problem);
  set_forward(p, g);
  p.channel_units = divide_up(p.depth, most_channels);
  p.filter_units = divide_up(p.columns, most_filters);
  p.unit_channels = round_to(divide_up(p.depth, p.channel_units), thirds_side);
  p.unit_filters = round_to(divide_up(p.columns, p.filter_units), thirds_side);
  p.channel_units = divide_up(p.depth, p.unit_channels);
  p.filter_units = divide_up(p.columns, p.unit_filters);
  p.batch = g.batch;
  p.gathers = true;
  p.unit_images = p.bands = 1;
  p.band_rows = p.grid[0];
  const int64_t results = p.grid[0] * p.grid[1];
  if (2 * results <= most_terms) p.unit_images = lesser(p.batch, most_terms / results);
  else cut_image(p, most_terms / p.grid[1]);
  p.chunks = divide_up(p.unit_images * p.band_rows * p.grid[1], tile_terms);
  const int64_t units = p.channel_units * p.filter_units;
  const int64_t pieces = lesser(divide_up(fewest_units, units), most_piece_bytes / (p.sum_elements() * 4));
  p.piece_bands = divide_up(p.all_bands(), greater(1, pieces));
  p.pieces = divide_up(p.all_bands(), p.piece_bands);
  set_units(plan, run<TILES>, p.pieces * units, g.multiplications() / 4);
  plan.neighbours = p.together();
  if (p.pieces > 1) {
    plan.phases = 2;
    plan.units[1] = p.taps() * divide_up(p.depth, tile_lines);
    plan.shared_scratch_bytes = static_cast<size_t>(p.pieces * p.sum_elements() * 4);
  }
  const size_t split = static_cast<size_t>(p.pairs_bytes() + p.turned_bytes() + columns_bytes), plain = plain_scratch(p);
  plan.worker_scratch_bytes = static_cast<size_t>(p.together() * p.unit_sums() * 4) + (split > plain ? split : plain);
}

const char* refuse(const KernelProblem& problem) {
  const ConvolutionGeometry g = kernel_gradient_geometry(problem);
  if (g.out[2] > most_terms) return "long lines of results";
  return refuse_for_thirds(problem, g);
}

#ifdef GM_HAS_BFLOAT16_UNITS
const char* decline_small(const KernelProblem& problem) {
  const ConvolutionGeometry g = kernel_gradient_geometry(problem);
  if (g.batch * g.out_pixels() < 512) return "short sums";
  if (g.filters * g.taps() < 250 * g.stride[1] * g.stride[1]) return "few products with each split number";
  return decline_for_thirds(g, 48e6, 60);
}
#endif

}  // namespace

void add_thirds_kernel_gradient(KernelList& list) {
#ifdef GM_HAS_BFLOAT16_UNITS
  static const Kernel tiles{float32_tiles, refuse_on_tiles<refuse>, prepare<Tiles>, decline_small};
  add_kernel(list, &tiles);
#endif
  static const Kernel emulated{emulated_float32_tiles, refuse, prepare<EmulatedTiles>, decline_emulation};
  add_kernel(list, &emulated);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
