// Depthwise, float32: see depthwise_kernel.h and depthwise_slices_kernel.h.
#include "ops/convolution/depthwise_slices_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters {
  ConvolutionGeometry geometry;
  int64_t lines, lines_per_unit;
};

DepthwisePass pass_of(const ConvolutionGeometry& g) {
  DepthwisePass pass;
  input_gradient_parts(g, pass.axes, false);
  for (int i = 0; i < 3; ++i) {
    pass.result[i] = g.in[i];
    pass.window[i] = g.window[i];
  }
  pass.channels = g.channels;
  return pass;
}

void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const DepthwisePass pass = pass_of(p.geometry);
  const float *dy = static_cast<const float*>(call.buffers[0]), *kernel = static_cast<const float*>(call.buffers[1]);
  float* dx = static_cast<float*>(call.buffers[2]);
  for (int64_t line = call.begin * p.lines_per_unit; line < lesser(call.end * p.lines_per_unit, p.lines); ++line) {
    depthwise_line(pass, dy, kernel, line, dx + line * pass.result[2] * pass.channels);
  }
}

const char* refuse(const KernelProblem& problem) {
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  AxisParts axes[3];
  if (const char* reason = refuse_for_depthwise(problem, g)) return reason;
  return input_gradient_parts(g, axes, false);
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  p.geometry = input_gradient_geometry(problem);
  p.lines = p.geometry.batch * p.geometry.in[0] * p.geometry.in[1];
  p.lines_per_unit = depthwise_lines_per_unit(pass_of(p.geometry));
  set_units(plan, run, divide_up(p.lines, p.lines_per_unit), p.geometry.multiplications() / 4);
}

void run_slices(const KernelCall& call) {
  const DepthwisePass pass = pass_of(parameters_of<Parameters>(call).geometry);
  const DepthwiseSlices slices = DepthwiseSlices::of(pass);
  const float *dy = static_cast<const float*>(call.buffers[0]), *kernel = static_cast<const float*>(call.buffers[1]);
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    depthwise_slices(pass, slices, dy, kernel, unit, static_cast<float*>(call.buffers[2]),
                     reinterpret_cast<float*>(call.worker_scratch), [](int64_t, int64_t, const float*) {});
  }
}

const char* refuse_slices(const KernelProblem& problem) {
  if (const char* reason = refuse(problem)) return reason;
  return refuse_for_slices(pass_of(input_gradient_geometry(problem)));
}

const char* decline(const KernelProblem& problem) { return decline_slices(pass_of(input_gradient_geometry(problem))); }

void prepare_slices(const KernelProblem& problem, KernelPlan& plan) {
  prepare(problem, plan);
  const ConvolutionGeometry& g = parameters_of<Parameters>(plan).geometry;
  const DepthwisePass pass = pass_of(g);
  const DepthwiseSlices slices = DepthwiseSlices::of(pass);
  set_units(plan, run_slices, g.batch * slices.bands * slices.groups, g.multiplications() / 4);
  plan.worker_scratch_bytes = slices.scratch_bytes(pass, false);
}

}  // namespace

void add_depthwise_input_gradient(KernelList& list) {
  static const Kernel slices{"depthwise slices", refuse_slices, prepare_slices, decline};
  static const Kernel kernel{"depthwise", refuse, prepare};
  add_kernel(list, &slices);
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
