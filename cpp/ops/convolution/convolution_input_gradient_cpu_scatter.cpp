// Input gradients with few channels and strides, such as a transposed convolution that ends in an image: there a product
// for each tap would fill only some lanes of a vector. One product makes what a pixel of dy adds to the input through all
// taps and channels, side by side, and that is added where it belongs. A unit has some rows of the result; rows of dy that
// reach into two units are multiplied twice.
#include "ops/convolution/winograd_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t unit_rows_of_dy = 16;
constexpr int64_t most_columns = 8 * winograd_panel;

struct Parameters {
  ConvolutionGeometry geometry;
  int64_t unit_rows, units;  // rows of the result in a unit, units of an image

  int64_t columns() const { return geometry.window[1] * geometry.window[2] * geometry.channels; }
  WinogradPanels panels() const { return WinogradPanels::of(columns()); }
  int64_t row() const { return panels().columns(); }
  int64_t reach() const { return (geometry.window[1] - 1) * geometry.dilation[1]; }
  // Rows of dy that a unit needs at most.
  int64_t most_rows() const { return (unit_rows + reach()) / geometry.stride[1] + 1; }
};

// The kernel as panels of lanes (tap, channel), a line for each filter.
void pack_kernel(const Parameters& p, const float* kernel, float* to) {
  const int64_t filters = p.geometry.filters, columns = p.columns();
  const WinogradPanels panels = p.panels();
  for (int64_t panel = 0; panel < panels.count(); ++panel) {
    for (int64_t filter = 0; filter < filters; ++filter) {
      for (int64_t lane = 0; lane < panels.width(panel); ++lane, ++to) {
        const int64_t column = panel * winograd_panel + lane;
        *to = column < columns ? kernel[column * filters + filter] : 0;
      }
    }
  }
}

// Adds what row o of dy sends to the rows [begin, end) of dx.
void add_row(const Parameters& p, const float* sums, int64_t o, int64_t begin, int64_t end, float* dx) {
  const ConvolutionGeometry& g = p.geometry;
  const int64_t channels = g.channels, line = g.window[2] * channels;
  for (int64_t t = 0; t < g.window[1]; ++t) {
    const int64_t i = o * g.stride[1] + t * g.dilation[1] - g.padding[1];
    if (i < begin || i >= end) continue;
    float* to = dx + i * g.in[2] * channels;
    for (int64_t column = 0; column < g.out[2]; ++column) {
      const float* from = sums + column * p.row() + t * line;
      const int64_t left = column * g.stride[2] - g.padding[2];
      if (g.dilation[2] == 1 && left >= 0 && left + g.window[2] <= g.in[2]) {
        for (int64_t c = 0; c < line; ++c) to[left * channels + c] += from[c];
        continue;
      }
      for (int64_t s = 0; s < g.window[2]; ++s) {
        const int64_t j = left + s * g.dilation[2];
        if (j < 0 || j >= g.in[2]) continue;
        for (int64_t c = 0; c < channels; ++c) to[j * channels + c] += from[s * channels + c];
      }
    }
  }
}

void run_unit(const Parameters& p, const KernelCall& call, int64_t unit) {
  const ConvolutionGeometry& g = p.geometry;
  const int64_t image = unit / p.units, begin = unit % p.units * p.unit_rows, end = lesser(begin + p.unit_rows, g.in[1]);
  float* sums = reinterpret_cast<float*>(call.worker_scratch);
  float* dx = static_cast<float*>(call.buffers[2]) + image * g.in_pixels() * g.channels;
  for (int64_t i = begin * g.in[2] * g.channels; i < end * g.in[2] * g.channels; ++i) dx[i] = 0;
  const int64_t first = divide_up(greater(begin + g.padding[1] - p.reach(), 0), g.stride[1]);
  const int64_t last = lesser((end - 1 + g.padding[1]) / g.stride[1] + 1, g.out[1]);
  if (first >= last) return;
  const float* dy = static_cast<const float*>(call.buffers[0]) + (image * g.out[1] + first) * g.out[2] * g.filters;
  winograd_product<AForm::rows>(dy, g.filters, reinterpret_cast<float*>(call.shared_scratch), 0, sums, p.row(),
                                (last - first) * g.out[2], p.panels(), g.filters, false);
  for (int64_t o = first; o < last; ++o) add_row(p, sums + (o - first) * g.out[2] * p.row(), o, begin, end, dx);
}

void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  if (call.phase == 0) {
    pack_kernel(p, static_cast<const float*>(call.buffers[1]), reinterpret_cast<float*>(call.shared_scratch));
    return;
  }
  for (int64_t unit = call.begin; unit < call.end; ++unit) run_unit(p, call, unit);
}

const char* refuse(const KernelProblem& problem) {
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  if (problem.inputs[0].dtype != DType::float32) return "not float32";
  if (g.groups != 1) return "groups";
  if (g.window[0] != 1 || g.in[0] != 1 || g.out[0] != 1) return "three spatial axes";
  if (g.batch * g.out_pixels() * g.filters == 0) return "nothing to multiply";
  return g.taps() * g.channels > most_columns ? "many taps and channels" : nullptr;
}

const char* decline(const KernelProblem& problem) {
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  if (g.stride[1] * g.stride[2] == 1) return "no strides";
  const int64_t apart = g.taps() * divide_up(g.channels, winograd_panel);
  return 2 * divide_up(g.taps() * g.channels, winograd_panel) <= apart ? nullptr : "enough channels to fill vectors";
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  p.geometry = input_gradient_geometry(problem);
  p.unit_rows = unit_rows_of_dy * p.geometry.stride[1];
  p.units = divide_up(p.geometry.in[1], p.unit_rows);
  plan.run = run;
  plan.phases = 2;
  plan.units[0] = 1;
  plan.units[1] = p.geometry.batch * p.units;
  plan.operations = p.geometry.multiplications() / 4;
  plan.shared_scratch_bytes = static_cast<size_t>(p.row() * p.geometry.filters) * sizeof(float);
  plan.worker_scratch_bytes = static_cast<size_t>(p.most_rows() * p.geometry.out[2] * p.row()) * sizeof(float);
}

}  // namespace

void add_scatter_input_gradient(KernelList& list) {
  static const Kernel kernel{"scatter", refuse, prepare, decline};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
