// The kernel of fused nodes and of every single elementwise op: pieces of a tile program.
#include "cpu/tile_run.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

// Elements per unit: large enough to hide the hand-over of a unit, small enough to share the work among many workers.
constexpr int64_t unit_elements = 8192;

struct Parameters {
  const TileProgram* program;
};

void run(const KernelCall& call) {
  const TileProgram& program = *parameters_of<Parameters>(call).program;
  const int64_t end = call.end * unit_elements;
  run_tile_program(program, call.buffers, call.begin * unit_elements, end < program.elements ? end : program.elements);
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  parameters_of<Parameters>(plan).program = problem.program;
  const int64_t elements = problem.program->elements;
  set_units(plan, run, (elements + unit_elements - 1) / unit_elements,
            static_cast<double>(elements) * problem.program->instructions);
}

}  // namespace

void fused_tile_kernels(KernelList& list) {
  static const Kernel kernel{"tile", nullptr, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
