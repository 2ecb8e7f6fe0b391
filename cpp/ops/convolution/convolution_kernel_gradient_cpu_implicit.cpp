// As a matrix product of the transposed patches with the output's gradient; the sum runs over the pixels. On maps so
// small that much of the kernel sees only padding, a product for each tap with the pixels that see something through it.
// Where the kernel is too small to occupy many workers, the pixels are split; the sums of the pieces are added afterwards.
#include "ops/convolution/implicit_product_kernel.h"
#include "ops/convolution/partial_sums_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t unit_rows = 192;        // fewer, and finding the patches costs more than multiplying them
constexpr int64_t enough_units = 16, wanted_units = 32;
constexpr int64_t smallest_piece = 512;   // pixels
constexpr int64_t sum_block = 4096;       // elements that one unit adds up

struct Parameters {
  ConvolutionGeometry geometry;
  int64_t pieces, piece_lines;
};

struct KernelGradientProduct : ImplicitProduct {
  int64_t first_line;
};

// Pixels of the gradient that a part sees lie in rows of the last axis.
long gradient_offset(const void* context, long piece) {
  const ImplicitProduct& p = *static_cast<const ImplicitProduct*>(context);
  return p.patches.result_pixel(piece * p.patches.axis[2].count, p.result) * p.filters;
}

template <class T>
void pack_product(const void* context, long line, long lines, long first, long count, void* to, long stride) {
  const auto& p = *static_cast<const KernelGradientProduct*>(context);
  pack_patches<T>(&p.patches, p.first_line + line, lines, first, count, to, stride);
}

KernelGradientProduct product_of(const ConvolutionGeometry& g) {
  KernelGradientProduct p{};
  p.patches.batch = g.batch;
  p.patches.channels = g.channels;
  p.patches.depth = p.depth = g.group_channels();
  p.width = g.group_filters();
  p.filters = g.filters;
  p.window = g.window;
  p.result = g.out;
  return p;
}

// The sum over lines [first, first + count) of a part, as far as there are so many.
template <class T>
void fill(KernelGradientProduct& p, int64_t first, int64_t count) {
  const int64_t lines = p.patches.lines(), pixels = p.result[0] * p.result[1] * p.result[2] * p.patches.batch;
  p.first_line = first;
  p.gemm = {p.patches.line_length(), p.width, lesser(count, lines - first), 0, 0, p.filters, 1};
  p.source = {pack_product<T>, &p, true, unit_rows, lines == pixels ? 0 : p.patches.axis[2].count, gradient_offset};
}

template <class T>
void run_products(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const ConvolutionGeometry& g = p.geometry;
  const T *x = static_cast<const T*>(call.buffers[0]), *dy = static_cast<const T*>(call.buffers[1]);
  AxisParts axes[3];
  kernel_gradient_parts(g, axes);
  KernelGradientProduct product = product_of(g);
  int64_t before = 0;
  for (int64_t piece = 0; piece < p.pieces; ++piece) {
    T* result = p.pieces == 1 ? static_cast<T*>(call.buffers[2])
                              : reinterpret_cast<T*>(call.shared_scratch) + piece * g.taps() * product.depth * g.filters;
    const int64_t first = piece * p.piece_lines;
    before += for_each_product(
        axes, g.groups, sizeof(T), product, call.begin - before, call.end - before,
        [&](KernelGradientProduct& part) { fill<T>(part, first, p.piece_lines); },
        [&](KernelGradientProduct& part, int64_t begin, int64_t end) {
          const int64_t filter = part.group * part.width;
          part.patches.source = x + part.group * part.depth;
          T* to = result + part.patches.kernel_tap(0, g.window) * part.depth * g.filters + filter;
          gemm_run(part.gemm, part.source, dy + first * g.filters + filter, to, g.filters, call.worker_scratch, begin, end,
                   nullptr);
        });
  }
}

template <class T>
void run(const KernelCall& call) {
  if (call.phase == 0) return run_products<T>(call);
  const Parameters& p = parameters_of<Parameters>(call);
  add_pieces<T>(call, p.pieces, p.geometry.taps() * p.geometry.group_channels() * p.geometry.filters, sum_block);
}

const char* refuse(const KernelProblem& problem) { return refuse_for_products(problem, kernel_gradient_geometry(problem)); }

template <class T>
ImplicitSize size_of_pieces(const Parameters& p, const AxisParts* axes, KernelGradientProduct& product) {
  ImplicitSize size{0, 0};
  for (int64_t piece = 0; piece < p.pieces; ++piece) {
    const ImplicitSize one = implicit_size(axes, p.geometry.groups, sizeof(T), product, [&](KernelGradientProduct& part) {
      fill<T>(part, piece * p.piece_lines, p.piece_lines);
    });
    size.units += one.units;
    size.scratch = one.scratch > size.scratch ? one.scratch : size.scratch;
  }
  return size;
}

template <class T>
void prepare_for(Parameters& p, KernelPlan& plan) {
  const ConvolutionGeometry& g = p.geometry;
  AxisParts axes[3];
  const bool by_tap = kernel_gradient_parts(g, axes);
  KernelGradientProduct product = product_of(g);
  const int64_t lines = g.batch * g.out_pixels();
  p.pieces = 1;
  p.piece_lines = greater(1, lines);
  ImplicitSize size = size_of_pieces<T>(p, axes, product);
  if (!by_tap && size.units < enough_units && lines >= 2 * smallest_piece) {
    const int64_t pieces = lesser(lines / smallest_piece, divide_up(wanted_units, size.units));
    p.piece_lines = divide_up(lines, pieces);
    p.pieces = divide_up(lines, p.piece_lines);
    size = size_of_pieces<T>(p, axes, product);
  }
  const int64_t elements = g.taps() * g.group_channels() * g.filters;
  set_units(plan, run<T>, size.units, g.multiplications() / 4);
  plan.worker_scratch_bytes = size.scratch;
  if (p.pieces > 1) {
    plan.phases = 2;
    plan.units[1] = divide_up(elements, sum_block);
    plan.shared_scratch_bytes = static_cast<size_t>(p.pieces * elements) * sizeof(T);
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  p.geometry = kernel_gradient_geometry(problem);
  if (problem.inputs[0].dtype == DType::float32) prepare_for<float>(p, plan);
  else prepare_for<double>(p, plan);
}

}  // namespace

void add_implicit_kernel_gradient(KernelList& list) {
  static const Kernel kernel{"implicit product", refuse, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
