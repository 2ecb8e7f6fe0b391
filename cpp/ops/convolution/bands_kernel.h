#pragma once
// Convolutions, and their gradients to the input, as sums over the taps of the kernel: a tap sees the image shifted, so the
// sum has one product for each tap, of the same rows from another pixel on. A band of the image is copied once, with the
// zeros around it; rows of results run on over the end of a row of pixels, and what they make of the zeros there is left
// out. With strides a convolution sees pixels that are so far apart: these are copied to lie side by side, as a plane for
// each remainder. Its gradient makes such pixels together, of those taps that reach them. Everything here has internal
// linkage.
#include "cpu/gemm.h"
#include "cpu/tile_run.h"
#include "ops/convolution/bfloat16_convolution_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct BandGeometry {
  int64_t from[2], to[2];   // sizes of the image that is read and of the result
  int64_t window[2], padding[2];
  bool gradient;            // to the input
  int64_t step, spread;     // the stride, of the pixels that are read and of those that are made
  int64_t depth, columns;   // channels of the image and of the result
  int64_t grid[2];          // results of one remainder
  int64_t lead[2], reach[2];  // zeros in front of the image; how far the taps of a result lie apart, in a plane
  int64_t pitch;            // pixels between rows of a band
  GemmProblem tap;          // of the kernel: a matrix of depth x columns
  const TileProgram* program;
  int program_operands;     // inputs of the node beyond the first two, then outputs

  int64_t taps() const { return window[0] * window[1]; }
};

static inline void set_forward(BandGeometry& p, const ConvolutionGeometry& g) {
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
  p.pitch = p.grid[1] + p.reach[1];
  p.tap = {0, g.filters, g.channels, 0, 0, g.filters, 1};
}

static inline void set_input_gradient(BandGeometry& p, const ConvolutionGeometry& g) {
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
  p.pitch = p.grid[1] + p.reach[1];
  p.tap = {0, g.channels, g.filters, 0, 0, 1, g.filters};
}

static inline void set_epilogue(BandGeometry& p, const KernelProblem& problem) {
  p.program = problem.program;
  p.program_operands = problem.program ? problem.input_count - 2 + problem.output_count : 0;
}

// The taps in the order in which they are summed: those of the first remainder of results, those of the next one.
struct Taps {
  int64_t index[most_bfloat16_taps];  // in the kernel
  long pixels[most_bfloat16_taps];    // to the first row
  int64_t first[most_bfloat16_taps + 1];  // of a remainder

  // There are `plane_pixels` from plane to plane.
  Taps(const BandGeometry& p, int64_t plane_pixels) {
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
        pixels[count++] = plane * plane_pixels + place[0] * p.pitch + place[1];
      }
    }
    first[p.spread * p.spread] = count;
  }
};

// A part of a row of one plane: of `count` pixels from x on, every `step`-th, those that lie in the image. `before` of them lie
// in front of it.
struct RowPart {
  int64_t before, first, count;
};
static inline RowPart part_in_image(const BandGeometry& p, int64_t x) {
  const int64_t before = x < 0 ? lesser(p.pitch, divide_up(-x, p.step)) : 0, first = x + before * p.step;
  const int64_t there = first < p.from[1] ? divide_up(p.from[1] - first, p.step) : 0;
  return {before, first, lesser(there, p.pitch - before)};
}

// Results that lie one behind the other: lines of one image, or of several, `image_lines` from image to image and `pitch`
// results from line to line.
struct BandRows {
  int64_t image, top, image_lines, pitch;
};

// Where results go.
struct Destination {
  void* operands[max_tile_operands];  // operand 0, the convolution, is set for every block
  float* plain;                       // without a program

  Destination(const BandGeometry& p, const KernelCall& call) {
    plain = p.program ? nullptr : static_cast<float*>(call.buffers[2]);
    for (int i = 0; i < p.program_operands; ++i) operands[i + 1] = call.buffers[i + 2];
  }

  void write(const BandGeometry& p, int64_t pixel, int64_t pixels, int64_t col, int64_t cols, const float* from, int64_t stride) {
    const int64_t begin = pixel * p.columns + col;
    if (p.program) return run_tile_block(*p.program, operands, begin, pixels, p.columns, cols, from, stride);
    for (int64_t i = 0; i < pixels; ++i)
      __builtin_memcpy(plain + begin + i * p.columns, from + i * stride, cols * sizeof(float));
  }

  // Results [first, last) of one remainder, without those behind the end of a row of pixels or of an image.
  void finish(const BandGeometry& p, const BandRows& rows, int64_t remainder, int64_t first, int64_t last, int64_t col, int64_t cols,
              const float* tile, int64_t stride) {
    const int64_t y0 = remainder / p.spread, x0 = remainder % p.spread, width = divide_up(p.to[1] - x0, p.spread);
    for (int64_t at = first; at < last;) {
      const int64_t line = at / rows.pitch, next = lesser(last, (line + 1) * rows.pitch);
      const int64_t count = lesser(next, line * rows.pitch + width) - at;
      const int64_t image = rows.image + line / rows.image_lines, y = y0 + (rows.top + line % rows.image_lines) * p.spread;
      const int64_t pixel = (image * p.to[0] + y) * p.to[1] + x0 + at % rows.pitch * p.spread;
      const float* from = tile + (at - first) * stride;
      if (y < p.to[0] && p.spread == 1 && count > 0) write(p, pixel, count, col, cols, from, stride);
      for (int64_t i = 0; y < p.to[0] && p.spread > 1 && i < count; ++i)
        write(p, pixel + i * p.spread, 1, col, cols, from + i * stride, stride);
      at = next;
    }
  }
};

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
