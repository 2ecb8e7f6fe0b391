// As matrix products of patches of the output's gradient with the kernel, a product for each residue of the stride.
#include "ops/convolution/implicit_product_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters {
  ConvolutionGeometry geometry;
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
  p.patches.channels = g.filters;
  p.patches.depth = p.width = g.group_filters();
  p.depth = g.group_channels();
  p.filters = g.filters;
  p.window = g.window;
  p.result = g.in;
  return p;
}

template <class T>
void fill(ImplicitProduct& p) {
  p.gemm = {p.patches.lines(), p.depth, p.patches.line_length(), 0, 0, 1, p.filters};
  p.source = {pack_product<T>, &p, false, 0, p.width, kernel_offset};
}

struct Destination {
  const ImplicitProduct* product;
  char* dx;
  int64_t channels, element_size;
};

void finish_block(void* context, const void* tile, long ld, long row, long rows, long col, long cols) {
  const Destination& d = *static_cast<const Destination*>(context);
  const ImplicitProduct& p = *d.product;
  for (long i = 0; i < rows; ++i) {
    const int64_t to = p.patches.result_pixel(row + i, p.result) * d.channels + p.group * p.depth + col;
    __builtin_memcpy(d.dx + to * d.element_size, static_cast<const char*>(tile) + i * ld * d.element_size,
                     cols * d.element_size);
  }
}

template <class T>
void run(const KernelCall& call) {
  const ConvolutionGeometry& g = parameters_of<Parameters>(call).geometry;
  const T *dy = static_cast<const T*>(call.buffers[0]), *kernel = static_cast<const T*>(call.buffers[1]);
  AxisParts axes[3];
  input_gradient_parts(g, axes);
  ImplicitProduct product = product_of(g);
  Destination destination{&product, static_cast<char*>(call.buffers[2]), g.channels, sizeof(T)};
  const GemmEpilogue epilogue{finish_block, &destination};
  const bool dense = axes[0].count * axes[1].count * axes[2].count == 1;
  for_each_product(axes, g.groups, sizeof(T), product, call.begin, call.end, fill<T>,
                   [&](ImplicitProduct& part, int64_t begin, int64_t end) {
                     const int64_t filter = part.group * part.width;
                     part.patches.source = dy + filter;
                     T* dx = dense ? static_cast<T*>(call.buffers[2]) + part.group * part.depth : nullptr;
                     gemm_run(part.gemm, part.source, kernel + filter, dx, g.channels, call.worker_scratch, begin, end,
                              dense ? nullptr : &epilogue);
                   });
}

const char* refuse(const KernelProblem& problem) {
  const ConvolutionGeometry g = input_gradient_geometry(problem);
  AxisParts axes[3];
  if (const char* reason = refuse_for_products(problem, g)) return reason;
  return input_gradient_parts(g, axes);
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  p.geometry = input_gradient_geometry(problem);
  const bool single = problem.inputs[0].dtype == DType::float32;
  AxisParts axes[3];
  input_gradient_parts(p.geometry, axes);
  ImplicitProduct product = product_of(p.geometry);
  const ImplicitSize size =
      implicit_size(axes, p.geometry.groups, single ? 4 : 8, product, single ? fill<float> : fill<double>);
  set_units(plan, single ? run<float> : run<double>, size.units, p.geometry.multiplications() / 4);
  plan.worker_scratch_bytes = size.scratch;
}

}  // namespace

void add_implicit_input_gradient(KernelList& list) {
  static const Kernel kernel{"implicit product", refuse, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
