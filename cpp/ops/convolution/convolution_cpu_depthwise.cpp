// Depthwise, float32: see depthwise_kernel.h and depthwise_slices_kernel.h.
#include "cpu/tile_run.h"
#include "ops/convolution/depthwise_slices_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters {
  ConvolutionGeometry geometry;
  int64_t lines, lines_per_unit;
  const TileProgram* program;
  int program_operands;  // inputs of the node beyond the first two, then outputs
};

DepthwisePass pass_of(const ConvolutionGeometry& g) {
  DepthwisePass pass;
  forward_parts(g, pass.axes, false);
  for (int i = 0; i < 3; ++i) {
    pass.result[i] = g.out[i];
    pass.window[i] = g.window[i];
  }
  pass.channels = g.channels;
  return pass;
}

void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const DepthwisePass pass = pass_of(p.geometry);
  const float *x = static_cast<const float*>(call.buffers[0]), *kernel = static_cast<const float*>(call.buffers[1]);
  const int64_t length = pass.result[2] * pass.channels;
  void* operands[max_tile_operands];
  for (int i = 0; i < p.program_operands; ++i) operands[i + 1] = call.buffers[i + 2];
  for (int64_t line = call.begin * p.lines_per_unit; line < lesser(call.end * p.lines_per_unit, p.lines); ++line) {
    if (!p.program) {
      depthwise_line(pass, x, kernel, line, static_cast<float*>(call.buffers[2]) + line * length);
      continue;
    }
    float* finished = reinterpret_cast<float*>(call.worker_scratch);
    depthwise_line(pass, x, kernel, line, finished);
    operands[0] = finished - line * length;  // the program finds element i at i
    run_tile_program(*p.program, operands, line * length, (line + 1) * length);
  }
}

const char* refuse(const KernelProblem& problem) { return refuse_for_depthwise(problem, forward_geometry(problem)); }

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  p.geometry = forward_geometry(problem);
  p.program = problem.program;
  p.program_operands = problem.program ? problem.input_count - 2 + problem.output_count : 0;
  p.lines = p.geometry.batch * p.geometry.out[0] * p.geometry.out[1];
  const DepthwisePass pass = pass_of(p.geometry);
  p.lines_per_unit = depthwise_lines_per_unit(pass);
  set_units(plan, run, divide_up(p.lines, p.lines_per_unit), p.geometry.multiplications() / 4);
  if (p.program) plan.worker_scratch_bytes = static_cast<size_t>(pass.result[2] * pass.channels) * sizeof(float);
}

void run_slices(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const DepthwisePass pass = pass_of(p.geometry);
  const DepthwiseSlices slices = DepthwiseSlices::of(pass);
  const float *x = static_cast<const float*>(call.buffers[0]), *kernel = static_cast<const float*>(call.buffers[1]);
  void* operands[max_tile_operands];
  for (int i = 0; i < p.program_operands; ++i) operands[i + 1] = call.buffers[i + 2];
  float* y = p.program ? nullptr : static_cast<float*>(call.buffers[2]);
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    depthwise_slices(pass, slices, x, kernel, unit, y, reinterpret_cast<float*>(call.worker_scratch),
                     [&](int64_t begin, int64_t pixels, const float* block) {
                       if (!p.program) return;
                       run_tile_block(*p.program, operands, begin, pixels, pass.channels, slice_channels, block, slice_channels);
                     });
  }
}

const char* refuse_slices(const KernelProblem& problem) {
  if (const char* reason = refuse(problem)) return reason;
  return refuse_for_slices(pass_of(forward_geometry(problem)));
}

const char* decline(const KernelProblem& problem) { return decline_slices(pass_of(forward_geometry(problem))); }

void prepare_slices(const KernelProblem& problem, KernelPlan& plan) {
  prepare(problem, plan);
  const Parameters& p = parameters_of<Parameters>(plan);
  const DepthwisePass pass = pass_of(p.geometry);
  const DepthwiseSlices slices = DepthwiseSlices::of(pass);
  set_units(plan, run_slices, p.geometry.batch * slices.bands * slices.groups, p.geometry.multiplications() / 4);
  plan.worker_scratch_bytes = slices.scratch_bytes(pass, p.program != nullptr);
}

}  // namespace

void add_depthwise_convolution(KernelList& list) {
  static const Kernel slices{"depthwise slices", refuse_slices, prepare_slices, decline};
  static const Kernel kernel{"depthwise", refuse, prepare};
  add_kernel(list, &slices);
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
