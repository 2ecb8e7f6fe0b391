// As matrix products of patches, which are copied block by block on the way, with the kernel.
#include "cpu/tile_run.h"
#include "ops/convolution/implicit_product_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters {
  ConvolutionGeometry geometry;
  const TileProgram* program;
  int program_operands;  // inputs of the node beyond the first two, then outputs
};

long kernel_offset(const void* context, long piece) {
  const ImplicitProduct& p = *static_cast<const ImplicitProduct*>(context);
  return p.patches.kernel_tap(piece, p.window) * p.depth * p.filters;
}

template <class T>
void pack_product(const void* context, long line, long lines, long first, long count, void* to, long stride) {
  pack_patches<T>(&static_cast<const ImplicitProduct*>(context)->patches, line, lines, first, count, to, stride);
}

ImplicitProduct product_of(const ConvolutionGeometry& g) {
  ImplicitProduct p{};
  p.patches.batch = g.batch;
  p.patches.channels = g.channels;
  p.patches.depth = p.depth = g.group_channels();
  p.width = g.group_filters();
  p.filters = g.filters;
  p.window = g.window;
  p.result = g.out;
  return p;
}

template <class T>
void fill(ImplicitProduct& p) {
  p.gemm = {p.patches.lines(), p.width, p.patches.line_length(), 0, 0, p.filters, 1};
  const bool whole = p.patches.taps() == p.window[0] * p.window[1] * p.window[2];  // then the kernel lies as a matrix
  p.source = {pack_product<T>, &p, false, 0, whole ? 0 : p.depth, kernel_offset};
}

struct Destination {
  const ImplicitProduct* product;
  const TileProgram* program;
  void* operands[max_tile_operands];  // operand 0, the convolution, is set for every block
  char* y;                            // where there is no program
  int64_t element_size;
};

// Rows of a finished block go to their pixels, through the program if there is one.
void finish_block(void* context, const void* tile, long ld, long row, long rows, long col, long cols) {
  Destination& d = *static_cast<Destination*>(context);
  const ImplicitProduct& p = *d.product;
  const int64_t pixels = p.result[0] * p.result[1] * p.result[2] * p.patches.batch;
  const bool all = p.patches.lines() == pixels;  // then lines are pixels
  const auto place = [&](int64_t line) {
    return (all ? line : p.patches.result_pixel(line, p.result)) * p.filters + p.group * p.width + col;
  };
  if (d.program && all) {
    if (ld == cols && cols == p.filters) {  // one contiguous span
      d.operands[0] = const_cast<char*>(static_cast<const char*>(tile) - place(row) * d.element_size);
      run_tile_program(*d.program, d.operands, place(row), place(row) + rows * cols);
    } else {
      run_tile_block(*d.program, d.operands, place(row), rows, p.filters, cols, tile, ld);
    }
    return;
  }
  for (long i = 0; i < rows; ++i) {
    const char* from = static_cast<const char*>(tile) + i * ld * d.element_size;
    const int64_t begin = place(row + i);
    if (d.program) run_tile_block(*d.program, d.operands, begin, 1, p.filters, cols, from, ld);
    else __builtin_memcpy(d.y + begin * d.element_size, from, cols * d.element_size);
  }
}

template <class T>
void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const ConvolutionGeometry& g = p.geometry;
  const T *x = static_cast<const T*>(call.buffers[0]), *kernel = static_cast<const T*>(call.buffers[1]);
  AxisParts axes[3];
  forward_parts(g, axes);
  ImplicitProduct product = product_of(g);
  Destination destination;
  destination.product = &product;
  destination.program = p.program;
  destination.y = p.program ? nullptr : static_cast<char*>(call.buffers[2]);
  destination.element_size = sizeof(T);
  for (int i = 0; i < p.program_operands; ++i) destination.operands[i + 1] = call.buffers[i + 2];
  const GemmEpilogue epilogue{finish_block, &destination};
  const bool dense = axes[0].count * axes[1].count * axes[2].count == 1;
  for_each_product(axes, g.groups, sizeof(T), product, call.begin, call.end, fill<T>,
                   [&](ImplicitProduct& part, int64_t begin, int64_t end) {
                     part.patches.source = x + part.group * part.depth;
                     const int64_t column = part.group * part.width;
                     T* y = p.program || !dense ? nullptr : static_cast<T*>(call.buffers[2]) + column;
                     gemm_run(part.gemm, part.source, kernel + column, y, g.filters, call.worker_scratch, begin, end,
                              y ? nullptr : &epilogue);
                   });
}

const char* refuse(const KernelProblem& problem) { return refuse_for_products(problem, forward_geometry(problem)); }

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  p.geometry = forward_geometry(problem);
  p.program = problem.program;
  p.program_operands = problem.program ? problem.input_count - 2 + problem.output_count : 0;
  const bool single = problem.inputs[0].dtype == DType::float32;
  AxisParts axes[3];
  forward_parts(p.geometry, axes);
  ImplicitProduct product = product_of(p.geometry);
  const ImplicitSize size =
      implicit_size(axes, p.geometry.groups, single ? 4 : 8, product, single ? fill<float> : fill<double>);
  set_units(plan, single ? run<float> : run<double>, size.units, p.geometry.multiplications() / 4);
  plan.worker_scratch_bytes = size.scratch;
}

}  // namespace

void add_implicit_convolution(KernelList& list) {
  static const Kernel kernel{"implicit product", refuse, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
