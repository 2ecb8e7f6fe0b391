#pragma once
// The transforms of Winograd's minimal filtering F(m x m, 3x3): m by m outputs of a 3x3 correlation come from (m + 2)^2
// multiplications instead of 9 m^2. A tile is m + 2 by m + 2 of the input d, its outputs are Y = A' [(G g G') * (B' d B)] A
// with g the kernel and * elementwise. The gradient by g is the adjoint of the same formula: G' [(A dY A') * (B' d B)] G.
// Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016.
//
// Two sizes, and two more forms for kernels that move by two pixels. Each is a struct of the transforms along one axis, and
// of sizes along it: `inputs` pixels of the input make `outputs` pixels, `step` is the way from one tile's inputs to the
// next one's, `side` the number of points, of which those with the same `kernel_point` see the same number of the
// transformed kernel. Every function works on vectors: lanes are channels.
#include "cpu/simd/vec.h"

namespace gradmill::GM_ISA_NAMESPACE {

typedef Vec<float> WinogradVec;

// Their names differ from those of cpu/gemm_micro.h, which is included beside this.
GM_INLINE WinogradVec load_lanes(const float* from) { return load(from); }
GM_INLINE void store_lanes(float* to, WinogradVec x) { store(to, x); }

// F(4x4, 3x3): 36 multiplications instead of 144; interpolation points 0, 1, -1, 2, -2.
struct WinogradTile4 {
  static constexpr int inputs = 6, step = 4, outputs = 4, side = 6, kernel_side = 6, stride = 1;
  static constexpr int kernel_point(int point) { return point; }

  static GM_INLINE void input(const WinogradVec* d, int64_t step, WinogradVec* t, int64_t to_step) {
    const WinogradVec d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    const WinogradVec even = d4 - 4.0f * d2, odd = d3 - 4.0f * d1, far_even = d4 - d2, far_odd = 2.0f * (d3 - d1);
    t[0] = 4.0f * (d0 - d2) + far_even;
    t[to_step] = even + odd;
    t[2 * to_step] = even - odd;
    t[3 * to_step] = far_even + far_odd;
    t[4 * to_step] = far_even - far_odd;
    t[5 * to_step] = 4.0f * (d1 - d3) + (d5 - d3);
  }

  static GM_INLINE void kernel(const WinogradVec* g, int64_t step, WinogradVec* u, int64_t to_step) {
    const WinogradVec g0 = g[0], g1 = g[step], g2 = g[2 * step];
    const WinogradVec near = (g0 + g2) * (-1.0f / 6), middle = g1 * (1.0f / 6);
    const WinogradVec far = g0 * (1.0f / 24) + g2 * (1.0f / 6), far_middle = g1 * (1.0f / 12);
    u[0] = g0 * 0.25f;
    u[to_step] = near - middle;
    u[2 * to_step] = near + middle;
    u[3 * to_step] = far + far_middle;
    u[4 * to_step] = far - far_middle;
    u[5 * to_step] = g2;
  }

  static GM_INLINE void output(const WinogradVec* m, int64_t step, WinogradVec* y, int64_t to_step) {
    const WinogradVec m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], m4 = m[4 * step];
    const WinogradVec sum = m1 + m2, difference = m1 - m2, far_sum = m3 + m4, far_difference = m3 - m4;
    y[0] = m[0] + sum + far_sum;
    y[to_step] = difference + 2.0f * far_difference;
    y[2 * to_step] = sum + 4.0f * far_sum;
    y[3 * to_step] = difference + 8.0f * far_difference + m[5 * step];
  }

  // The adjoint of output.
  static GM_INLINE void output_gradient(const WinogradVec* y, int64_t step, WinogradVec* z, int64_t to_step) {
    const WinogradVec y0 = y[0], y1 = y[step], y2 = y[2 * step], y3 = y[3 * step];
    const WinogradVec even = y0 + y2, odd = y1 + y3, far_even = y0 + 4.0f * y2, far_odd = 2.0f * y1 + 8.0f * y3;
    z[0] = y0;
    z[to_step] = even + odd;
    z[2 * to_step] = even - odd;
    z[3 * to_step] = far_even + far_odd;
    z[4 * to_step] = far_even - far_odd;
    z[5 * to_step] = y3;
  }

  // The adjoint of kernel.
  static GM_INLINE void kernel_gradient(const WinogradVec* u, int64_t step, WinogradVec* g, int64_t to_step) {
    const WinogradVec u1 = u[step], u2 = u[2 * step], u3 = u[3 * step], u4 = u[4 * step];
    const WinogradVec near = (u1 + u2) * (-1.0f / 6), far = u3 + u4;
    g[0] = u[0] * 0.25f + near + far * (1.0f / 24);
    g[to_step] = (u2 - u1) * (1.0f / 6) + (u3 - u4) * (1.0f / 12);
    g[2 * to_step] = near + far * (1.0f / 6) + u[5 * step];
  }
};

// F(2x2, 3x3): 16 multiplications instead of 36; interpolation points 0, 1, -1.
struct WinogradTile2 {
  static constexpr int inputs = 4, step = 2, outputs = 2, side = 4, kernel_side = 4, stride = 1;
  static constexpr int kernel_point(int point) { return point; }

  static GM_INLINE void input(const WinogradVec* d, int64_t step, WinogradVec* t, int64_t to_step) {
    const WinogradVec d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    t[0] = d0 - d2;
    t[to_step] = d1 + d2;
    t[2 * to_step] = d2 - d1;
    t[3 * to_step] = d1 - d3;
  }

  static GM_INLINE void kernel(const WinogradVec* g, int64_t step, WinogradVec* u, int64_t to_step) {
    const WinogradVec g0 = g[0], g1 = g[step], g2 = g[2 * step];
    const WinogradVec ends = (g0 + g2) * 0.5f, middle = g1 * 0.5f;
    u[0] = g0;
    u[to_step] = ends + middle;
    u[2 * to_step] = ends - middle;
    u[3 * to_step] = g2;
  }

  static GM_INLINE void output(const WinogradVec* m, int64_t step, WinogradVec* y, int64_t to_step) {
    const WinogradVec m1 = m[step], m2 = m[2 * step];
    y[0] = m[0] + (m1 + m2);
    y[to_step] = (m1 - m2) - m[3 * step];
  }

  // The adjoint of output.
  static GM_INLINE void output_gradient(const WinogradVec* y, int64_t step, WinogradVec* z, int64_t to_step) {
    const WinogradVec y0 = y[0], y1 = y[step];
    z[0] = y0;
    z[to_step] = y0 + y1;
    z[2 * to_step] = y0 - y1;
    z[3 * to_step] = -y1;
  }

  // The adjoint of kernel.
  static GM_INLINE void kernel_gradient(const WinogradVec* u, int64_t step, WinogradVec* g, int64_t to_step) {
    const WinogradVec u1 = u[step], u2 = u[2 * step], half = (u1 + u2) * 0.5f;
    g[0] = u[0] + half;
    g[to_step] = (u1 - u2) * 0.5f;
    g[2 * to_step] = half + u[3 * step];
  }
};

// A kernel of three pixels that moves by two sees the even pixels of its input through its outer two taps, as a kernel of
// two that moves by one, and the odd ones through the middle tap alone. Along an axis F(4, 2) makes four sums of the former
// from 5 multiplications instead of 8; with the 4 of the middle tap these are 9 instead of 12, so 81 instead of 144 in a
// square. Interpolation points 0, 1, -1, 2. What they share:
struct WinogradPair {
  static constexpr int side = 9, kernel_side = 6, stride = 2;
  static constexpr int kernel_point(int point) { return point < 5 ? point : 5; }

  static GM_INLINE void input(WinogradVec d0, WinogradVec d1, WinogradVec d2, WinogradVec d3, WinogradVec d4, WinogradVec* t,
                              int64_t to_step) {
    const WinogradVec outer = d3 - d1, inner = 2.0f * d2;
    t[0] = 2.0f * d0 + outer - inner;
    t[to_step] = outer - d1 - d2;
    t[2 * to_step] = outer - d2 + (3.0f * d1 - inner);
    t[3 * to_step] = outer;
    t[4 * to_step] = d4 - d2 - 2.0f * outer;
  }

  static GM_INLINE void kernel(WinogradVec g0, WinogradVec middle, WinogradVec g1, WinogradVec* u, int64_t to_step) {
    const WinogradVec sixth = g0 * (1.0f / 6), half = g1 * 0.5f, third = g1 * (1.0f / 3);
    u[0] = g0 * 0.5f;
    u[to_step] = g0 * -0.5f - half;
    u[2 * to_step] = g1 * (1.0f / 6) - sixth;
    u[3 * to_step] = sixth + third;
    u[4 * to_step] = g1;
    u[5 * to_step] = middle;
  }

  static GM_INLINE void output(const WinogradVec* m, int64_t step, WinogradVec* e) {
    const WinogradVec m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], sum = m1 + m2, difference = m1 - m2;
    e[0] = m[0] + sum + m3;
    e[1] = difference + 2.0f * m3;
    e[2] = sum + 4.0f * m3;
    e[3] = difference + 8.0f * m3 + m[4 * step];
  }
};

// Forward, and for the kernel's gradient: 9 pixels of the input make 4.
struct WinogradStridedTile : WinogradPair {
  static constexpr int inputs = 9, step = 8, outputs = 4;

  static GM_INLINE void input(const WinogradVec* d, int64_t step, WinogradVec* t, int64_t to_step) {
    WinogradPair::input(d[0], d[2 * step], d[4 * step], d[6 * step], d[8 * step], t, to_step);
    for (int i = 0; i < 4; ++i) t[(5 + i) * to_step] = d[(2 * i + 1) * step];
  }
  static GM_INLINE void kernel(const WinogradVec* g, int64_t step, WinogradVec* u, int64_t to_step) {
    WinogradPair::kernel(g[0], g[step], g[2 * step], u, to_step);
  }
  static GM_INLINE void output(const WinogradVec* m, int64_t step, WinogradVec* y, int64_t to_step) {
    WinogradVec sums[4];
    WinogradPair::output(m, step, sums);
    for (int i = 0; i < 4; ++i) y[i * to_step] = sums[i] + m[(5 + i) * step];
  }

  // The adjoint of output.
  static GM_INLINE void output_gradient(const WinogradVec* y, int64_t step, WinogradVec* z, int64_t to_step) {
    const WinogradVec y0 = y[0], y1 = y[step], y2 = y[2 * step], y3 = y[3 * step], even = y0 + y2, odd = y1 + y3;
    z[0] = y0;
    z[to_step] = even + odd;
    z[2 * to_step] = even - odd;
    z[3 * to_step] = (y0 + 4.0f * y2) + (2.0f * y1 + 8.0f * y3);
    z[4 * to_step] = y3;
    for (int i = 0; i < 4; ++i) z[(5 + i) * to_step] = y[i * step];
  }

  // The adjoint of kernel.
  static GM_INLINE void kernel_gradient(const WinogradVec* u, int64_t step, WinogradVec* g, int64_t to_step) {
    const WinogradVec u1 = u[step], u2 = u[2 * step], u3 = u[3 * step];
    g[0] = (u[0] - u1) * 0.5f + (u3 - u2) * (1.0f / 6);
    g[to_step] = u[5 * step];
    g[2 * to_step] = u2 * (1.0f / 6) - u1 * 0.5f + u3 * (1.0f / 3) + u[4 * step];
  }
};

// The gradient by the input, which is the transposed convolution: 5 pixels make 8, even ones by the outer taps, turned.
struct WinogradTransposedTile : WinogradPair {
  static constexpr int inputs = 5, step = 4, outputs = 8;

  static GM_INLINE void input(const WinogradVec* d, int64_t step, WinogradVec* t, int64_t to_step) {
    WinogradPair::input(d[0], d[step], d[2 * step], d[3 * step], d[4 * step], t, to_step);
    for (int i = 0; i < 4; ++i) t[(5 + i) * to_step] = d[(i + 1) * step];
  }
  static GM_INLINE void kernel(const WinogradVec* g, int64_t step, WinogradVec* u, int64_t to_step) {
    WinogradPair::kernel(g[2 * step], g[step], g[0], u, to_step);
  }
  static GM_INLINE void output(const WinogradVec* m, int64_t step, WinogradVec* y, int64_t to_step) {
    WinogradVec sums[4];
    WinogradPair::output(m, step, sums);
    for (int i = 0; i < 4; ++i) {
      y[2 * i * to_step] = sums[i];
      y[(2 * i + 1) * to_step] = m[(5 + i) * step];
    }
  }
};

// In a square.
template <class Tile>
constexpr int winograd_points = Tile::side * Tile::side;
template <class Tile>
constexpr int winograd_kernel_points = Tile::kernel_side * Tile::kernel_side;
template <class Tile>
constexpr int winograd_kernel_point(int point) {
  return Tile::kernel_point(point / Tile::side) * Tile::kernel_side + Tile::kernel_point(point % Tile::side);
}

// Both axes: from a square of `from` to one of `to`, by rows.
template <int from, int to, class Transform>
GM_INLINE void winograd_square(const WinogradVec* in, WinogradVec* out, const Transform& along) {
  WinogradVec half[to * from];
#pragma GCC unroll 9
  for (int column = 0; column < from; ++column) along(in + column, from, half + column, from);
#pragma GCC unroll 9
  for (int row = 0; row < to; ++row) along(half + row * from, 1, out + row * to, 1);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
