#pragma once
// A convolution by Winograd's F(4x4, 3x3) from `source` to `target` channels: the forward one, and the gradient by the
// input, which is the same with the kernel turned round. First the kernel is transformed into panels, then each unit
// takes some bands of tiles through transform, products and transform back.
#include "cpu/tile_run.h"
#include "ops/convolution/winograd_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t winograd_kernel_sources = 16;  // of a unit of the kernel's transform

struct WinogradPass {
  WinogradTiles tiles;            // of the input
  int64_t height, width;          // of the output
  int64_t source, target;         // channels
  int64_t source_step, target_step, tap_step;  // of the kernel's elements
  bool turned;                    // taps are taken in reverse
  int64_t bands_per_unit;
  const TileProgram* program;
  int program_operands;  // inputs of the node beyond the first two, then outputs

  int64_t source_row() const { return winograd_row(source); }
  int64_t target_row() const { return winograd_row(target); }
  int64_t panels() const { return divide_up(target, winograd_panel); }
  int64_t unit_tiles() const { return bands_per_unit * tiles.columns; }
  int64_t band_elements() const { return winograd_outputs * width * target; }
};

static inline void transform_kernel(const WinogradPass& p, const float* kernel, int64_t source, float* to) {
  const int64_t plane = p.panels() * p.source * winograd_panel;
  for (int64_t panel = 0; panel < p.panels(); ++panel) {
    const int64_t target = panel * winograd_panel, count = lesser(winograd_panel, p.target - target);
    float taps[9 * winograd_panel] = {};
    for (int tap = 0; tap < 9; ++tap) {
      const float* from = kernel + (p.turned ? 8 - tap : tap) * p.tap_step + source * p.source_step + target * p.target_step;
      for (int64_t i = 0; i < count; ++i) taps[tap * winograd_panel + i] = from[i * p.target_step];
    }
    float* out = to + (panel * p.source + source) * winograd_panel;
    for (int64_t v = 0; v < winograd_panel; v += vector_lanes) {
      WinogradVec square[9], points[winograd_points];
      for (int tap = 0; tap < 9; ++tap) square[tap] = load_lanes(taps + tap * winograd_panel + v);
      winograd_square<3, winograd_side>(square, points, winograd_kernel);
      for (int i = 0; i < winograd_points; ++i) store_lanes(out + i * plane + v, points[i]);
    }
  }
}

// The tiles of a band from the planes into `to`, rows of the output image; lower and right edges may cut them.
static inline void gather_band(const WinogradPass& p, const WinogradPlanes& planes, int64_t row, int64_t rows, float* to) {
  for (int64_t column = 0; column < p.tiles.columns; ++column, ++row) {
    const int64_t left = column * winograd_outputs, cols = lesser(winograd_outputs, p.width - left);
    const float* from = planes.data + row * planes.row;
    WinogradVec points[winograd_points], square[winograd_outputs * winograd_outputs];
    for (int64_t c = 0; c < p.target; c += vector_lanes) {
      for (int i = 0; i < winograd_points; ++i) points[i] = load_lanes(from + i * planes.plane + c);
      winograd_square<winograd_side, winograd_outputs>(points, square, winograd_output);
      const int64_t lanes = p.target - c;
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < cols; ++j) {
          float* pixel = to + (i * p.width + left + j) * p.target + c;
          if (lanes >= vector_lanes) store_lanes(pixel, square[i * winograd_outputs + j]);
          else store_partial(pixel, square[i * winograd_outputs + j], lanes);
        }
      }
    }
  }
}

static void run_winograd_pass(const KernelCall& call) {
  const WinogradPass& p = parameters_of<WinogradPass>(call);
  const float *x = static_cast<const float*>(call.buffers[0]), *kernel = static_cast<const float*>(call.buffers[1]);
  float* panels = reinterpret_cast<float*>(call.shared_scratch);
  if (call.phase == 0) {
    const int64_t last = lesser(call.end * winograd_kernel_sources, p.source);
    for (int64_t s = call.begin * winograd_kernel_sources; s < last; ++s) transform_kernel(p, kernel, s, panels);
    return;
  }
  const int64_t tiles_room = p.unit_tiles();
  float* scratch = reinterpret_cast<float*>(call.worker_scratch);
  const WinogradPlanes in{scratch, p.source_row(), tiles_room * p.source_row()};
  const WinogradPlanes out{in.data + winograd_points * in.plane, p.target_row(), tiles_room * p.target_row()};
  float* zeros = out.data + winograd_points * out.plane;
  float* finished = zeros + p.source_row();
  for (int64_t i = 0; i < p.source_row(); ++i) zeros[i] = 0;
  void* operands[max_tile_operands];
  for (int i = 0; i < p.program_operands; ++i) operands[i + 1] = call.buffers[i + 2];
  const int64_t panel_elements = p.source * winograd_panel;
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const int64_t first = unit * p.bands_per_unit, last = lesser(first + p.bands_per_unit, p.tiles.all_bands());
    const int64_t rows = (last - first) * p.tiles.columns;
    for (int64_t band = first; band < last; ++band) {
      winograd_scatter<winograd_side>(p.tiles, x, p.source, 0, p.source, band, zeros, in, (band - first) * p.tiles.columns,
                                      winograd_input);
    }
    for (int point = 0; point < winograd_points; ++point) {
      winograd_product<AForm::rows>(in.data + point * in.plane, in.row, panels + point * p.panels() * panel_elements,
                                    winograd_panel, panel_elements, out.data + point * out.plane, out.row, rows, p.target,
                                    p.source, false);
    }
    for (int64_t band = first; band < last; ++band) {
      const int64_t top = band % p.tiles.bands * winograd_outputs;
      const int64_t lines = lesser(winograd_outputs, p.height - top);
      const int64_t begin = (band / p.tiles.bands * p.height + top) * p.width * p.target;
      float* to = p.program ? finished : static_cast<float*>(call.buffers[2]) + begin;
      gather_band(p, out, (band - first) * p.tiles.columns, lines, to);
      if (p.program) {
        operands[0] = finished - begin;  // the program finds element i at i
        run_tile_program(*p.program, operands, begin, begin + lines * p.width * p.target);
      }
    }
  }
}

// Completes p, whose sizes are set, and plans it.
static inline void plan_winograd_pass(WinogradPass& p, double multiplications, KernelPlan& plan) {
  p.tiles.bands = divide_up(p.height, winograd_outputs);
  p.tiles.columns = divide_up(p.width, winograd_outputs);
  p.bands_per_unit = winograd_bands_at_once(p.tiles.columns, p.tiles.all_bands(), p.source_row() + p.target_row());
  set_units(plan, run_winograd_pass, divide_up(p.source, winograd_kernel_sources), multiplications / 8);
  plan.phases = 2;
  plan.units[1] = divide_up(p.tiles.all_bands(), p.bands_per_unit);
  plan.shared_scratch_bytes = static_cast<size_t>(winograd_points * p.panels() * p.source * winograd_panel) * sizeof(float);
  int64_t elements = winograd_points * p.unit_tiles() * (p.source_row() + p.target_row()) + p.source_row();
  if (p.program) elements += p.band_elements();
  plan.worker_scratch_bytes = static_cast<size_t>(elements) * sizeof(float);
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
