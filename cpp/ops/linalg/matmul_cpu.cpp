// Matrix products on the packed kernels of cpu/gemm.h, with an elementwise program on each finished block.
#include "ops/linalg/matmul.h"

#include "cpu/gemm_half.h"
#include "cpu/tile_run.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters {
  GemmProblem gemm;
  int64_t units;  // of one product of the batch
  int64_t batches;
  int batch_rank;
  int64_t batch_dims[kernel_max_rank], a_strides[kernel_max_rank], b_strides[kernel_max_rank];
  const TileProgram* program;
  int program_operands;  // inputs of the node beyond the factors, then outputs
  bool direct;           // the result is stored as it is computed
  int64_t k_step;        // terms of a partial sum, see run_partial_sums
};

// Products of few rows and long sums, such as a layer on a small batch, are cut along the sum: each unit multiplies some
// columns of A with the same rows of B, then the partial sums are added in a fixed order. The units have the rows of B
// that the units of the weights' gradient (and its update) have, so each worker keeps its part of the weights in its
// own cache; cut by columns, every worker would fetch lines that another has just written.
constexpr int64_t partial_sums_max_rows = 64;
constexpr int64_t partial_sums_k_per_row = 16;  // B is then as large as all partial sums, written and read
constexpr int64_t max_partial_sums = 8;
constexpr int64_t added_elements = 1024;  // of a unit that adds them

// What a product of factors stored as S is computed in.
template <class S> struct Arithmetic { typedef S Type; };
template <> struct Arithmetic<BFloat16> { typedef float Type; };
template <> struct Arithmetic<Float16> { typedef float Type; };

struct EpilogueContext {
  const TileProgram* program;
  void* operands[max_tile_operands];  // operand 0, the product, is set for every block; 1 is the result without a program
  int64_t first;                      // linear index of the first element of this product of the batch
  int64_t columns;
  int64_t element_size;
};

void run_epilogue(void* context, const void* tile, long ld, long row, long rows, long col, long cols) {
  EpilogueContext& epilogue = *static_cast<EpilogueContext*>(context);
  const int64_t begin = epilogue.first + row * epilogue.columns + col;
  if (ld == cols && cols == epilogue.columns) {  // one contiguous span
    epilogue.operands[0] = const_cast<char*>(static_cast<const char*>(tile) - begin * epilogue.element_size);
    run_tile_program(*epilogue.program, epilogue.operands, begin, begin + rows * cols);
  } else {
    run_tile_block(*epilogue.program, epilogue.operands, begin, rows, epilogue.columns, cols, tile, ld);
  }
}

// Of products that are stored in 16 bits.
template <class S>
void narrow_block(void* context, const void* tile, long ld, long row, long rows, long col, long cols) {
  const EpilogueContext& epilogue = *static_cast<const EpilogueContext*>(context);
  S* to = static_cast<S*>(epilogue.operands[1]) + epilogue.first + row * epilogue.columns + col;
  const auto* from = static_cast<const typename Arithmetic<S>::Type*>(tile);
  for (long i = 0; i < rows; ++i) narrow_row(from + i * ld, to + i * epilogue.columns, cols);
}

template <class S, class Right, class T>
GM_INLINE void multiply(const GemmProblem& gemm, const S* a, const Right* b, T* c, void* scratch, long begin, long end,
                        const GemmEpilogue* epilogue) {
  if constexpr (is_half_type<S>) {
    const HalfFactors<S, Right> factors{a, b, gemm};
    gemm_run(gemm, half_source(&factors), static_cast<const T*>(nullptr), c, gemm.n, scratch, begin, end, epilogue);
  } else {
    gemm_run(gemm, a, b, c, gemm.n, scratch, begin, end, epilogue);
  }
}

EpilogueContext epilogue_context(const Parameters& p, const KernelCall& call, int64_t element_size) {
  EpilogueContext context;
  context.program = p.program;
  context.columns = p.gemm.n;
  context.element_size = element_size;
  for (int i = 0; i < p.program_operands; ++i) context.operands[i + 1] = call.buffers[i + 2];
  return context;
}

template <class S>
void add_partial_sums(const KernelCall& call) {
  typedef typename Arithmetic<S>::Type T;
  const Parameters& p = parameters_of<Parameters>(call);
  const bool direct = p.direct;
  const int64_t elements = p.gemm.m * p.gemm.n;
  const T* sums = reinterpret_cast<const T*>(call.shared_scratch);
  EpilogueContext context = epilogue_context(p, call, sizeof(T));
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const int64_t begin = unit * added_elements;
    const int64_t count = elements - begin < added_elements ? elements - begin : added_elements;
    T* total = direct ? static_cast<T*>(call.buffers[2]) + begin : reinterpret_cast<T*>(call.worker_scratch);
    for (int64_t i = 0; i < count; ++i) total[i] = sums[begin + i];
    for (int64_t part = 1; part < p.units; ++part) {
      const T* more = sums + part * elements + begin;
      for (int64_t i = 0; i < count; ++i) total[i] += more[i];
    }
    if (p.program) {
      context.operands[0] = total - begin;
      run_tile_program(*p.program, context.operands, begin, begin + count);
    } else if constexpr (is_half_type<S>) {
      if (!direct) narrow_row(total, static_cast<S*>(call.buffers[2]) + begin, count);
    }
  }
}

template <class S, class Right = S>
void run_partial_sums(const KernelCall& call) {
  typedef typename Arithmetic<S>::Type T;
  if (call.phase == 1) return add_partial_sums<S>(call);
  const Parameters& p = parameters_of<Parameters>(call);
  T* sums = reinterpret_cast<T*>(call.shared_scratch);
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const int64_t k_begin = unit * p.k_step;
    GemmProblem part = p.gemm;
    part.k = p.gemm.k - k_begin < p.k_step ? p.gemm.k - k_begin : p.k_step;
    multiply(part, static_cast<const S*>(call.buffers[0]) + k_begin * part.a_col,
             static_cast<const Right*>(call.buffers[1]) + k_begin * part.b_row, sums + unit * part.m * part.n,
             call.worker_scratch, 0, gemm_split(part, sizeof(T)).units, nullptr);
  }
}

template <class S, class Right = S>
void run(const KernelCall& call) {
  typedef typename Arithmetic<S>::Type T;
  const Parameters& p = parameters_of<Parameters>(call);
  const S* a = static_cast<const S*>(call.buffers[0]);
  const Right* b = static_cast<const Right*>(call.buffers[1]);
  const bool direct = p.direct;
  T* c = direct ? static_cast<T*>(call.buffers[2]) : nullptr;
  EpilogueContext context = epilogue_context(p, call, sizeof(T));
  GemmEpilogue epilogue{run_epilogue, &context};
  if constexpr (is_half_type<S>) {
    if (!p.program) epilogue.run = narrow_block<S>;
  }
  for (int64_t unit = call.begin; unit < call.end;) {
    const int64_t batch = unit / p.units, first = unit - batch * p.units;
    const int64_t count = call.end - unit < p.units - first ? call.end - unit : p.units - first;
    int64_t rest = batch, a_offset = 0, b_offset = 0;
    for (int i = p.batch_rank - 1; i >= 0; --i) {
      const int64_t index = rest % p.batch_dims[i];
      rest /= p.batch_dims[i];
      a_offset += index * p.a_strides[i];
      b_offset += index * p.b_strides[i];
    }
    const int64_t c_offset = batch * p.gemm.m * p.gemm.n;
    context.first = c_offset;
    multiply(p.gemm, a + a_offset, b + b_offset, c ? c + c_offset : nullptr, call.worker_scratch, first, first + count,
             direct ? nullptr : &epilogue);
    unit += count;
  }
}

// Strides over the output's batch axes, 0 where the factor is broadcast.
void batch_strides(const BufferType& factor, int batch_rank, const int64_t* batch_dims, int64_t* strides) {
  int64_t stride = factor.dims[factor.rank - 1] * factor.dims[factor.rank - 2];
  for (int i = batch_rank - 1; i >= 0; --i) {
    const int axis = i - batch_rank + factor.rank - 2;
    const int64_t size = axis < 0 ? 1 : factor.dims[axis];
    strides[i] = size == 1 && batch_dims[i] != 1 ? 0 : axis < 0 ? 0 : stride;
    stride *= size;
  }
}

bool cuts_the_sum(const Parameters& p) {
  const GemmProblem& gemm = p.gemm;
  return p.batches == 1 && p.units > 1 && gemm.a_col == 1 && gemm.b_col == 1 && gemm.m <= partial_sums_max_rows &&
         gemm.k >= partial_sums_k_per_row * gemm.m;
}

size_t scratch_bytes(const GemmProblem& gemm, DType dtype) {
  if (dtype == DType::float64) return gemm_scratch_bytes(gemm, 8);
  const HalfFactors<BFloat16> factors{nullptr, nullptr, gemm};
  return dtype == DType::float32 ? gemm_scratch_bytes(gemm, 4) : gemm_scratch_bytes(gemm, half_source(&factors), 4);
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const auto& attributes = *static_cast<const MatmulAttributes*>(problem.attributes);
  Parameters& p = parameters_of<Parameters>(plan);
  const BufferType &a = problem.inputs[0], &b = problem.inputs[1], &c = problem.outputs[0];
  const int64_t a_columns = a.dims[a.rank - 1], b_columns = b.dims[b.rank - 1];
  p.batch_rank = c.rank - 2;
  p.batches = 1;
  for (int i = 0; i < p.batch_rank; ++i) {
    p.batch_dims[i] = c.dims[i];
    p.batches *= c.dims[i];
  }
  batch_strides(a, p.batch_rank, p.batch_dims, p.a_strides);
  batch_strides(b, p.batch_rank, p.batch_dims, p.b_strides);
  p.gemm.m = c.dims[c.rank - 2];
  p.gemm.n = c.dims[c.rank - 1];
  p.gemm.k = a.dims[a.rank - (attributes.transpose_a ? 2 : 1)];
  p.gemm.a_row = attributes.transpose_a ? 1 : a_columns;
  p.gemm.a_col = attributes.transpose_a ? a_columns : 1;
  p.gemm.b_row = attributes.transpose_b ? 1 : b_columns;
  p.gemm.b_col = attributes.transpose_b ? b_columns : 1;
  // Products of a batch with one shared right factor are one tall product.
  bool shared_b = !attributes.transpose_a && p.batches > 1;
  int64_t dense = p.gemm.m * p.gemm.k;
  for (int i = p.batch_rank - 1; i >= 0; --i) {
    shared_b = shared_b && (p.batch_dims[i] == 1 || (p.b_strides[i] == 0 && p.a_strides[i] == dense));
    dense *= p.batch_dims[i];
  }
  if (shared_b) {
    p.gemm.m *= p.batches;
    p.batches = 1;
    p.batch_rank = 0;
  }
  const int element_size = a.dtype == DType::float64 ? 8 : 4;  // of the arithmetic
  const bool rounds = attributes.rounds_b && a.dtype != b.dtype;
  p.units = gemm_split(p.gemm, element_size).units;
  p.program = problem.program;
  p.direct = !p.program && size_of(c.dtype) == static_cast<size_t>(element_size);
  p.program_operands = problem.input_count - 2 + problem.output_count;
  const double work = static_cast<double>(p.gemm.m) * static_cast<double>(p.gemm.n) * static_cast<double>(p.gemm.k) *
                      static_cast<double>(p.batches) / 4;
  plan.worker_scratch_bytes = scratch_bytes(p.gemm, a.dtype);
  if (cuts_the_sum(p)) {
    p.units = p.units < max_partial_sums ? p.units : max_partial_sums;
    p.k_step = (p.gemm.k + p.units - 1) / p.units;
    p.units = (p.gemm.k + p.k_step - 1) / p.k_step;
    const int64_t elements = p.gemm.m * p.gemm.n;
    set_units(plan, rounds ? of_storage(a.dtype, {nullptr, nullptr, run_partial_sums<BFloat16, float>, run_partial_sums<Float16, float>})
                           : of_storage(a.dtype, {run_partial_sums<float>, run_partial_sums<double>,
                                                  run_partial_sums<BFloat16>, run_partial_sums<Float16>}), p.units, work);
    plan.phases = 2;
    plan.units[1] = (elements + added_elements - 1) / added_elements;
    plan.shared_scratch_bytes = static_cast<size_t>(p.units * elements * element_size);
    for (int64_t last = 0; last < 2; ++last) {
      GemmProblem part = p.gemm;
      part.k = last ? p.gemm.k - (p.units - 1) * p.k_step : p.k_step;
      const size_t bytes = scratch_bytes(part, a.dtype);
      if (plan.worker_scratch_bytes < bytes) plan.worker_scratch_bytes = bytes;
    }
    const size_t total_bytes = static_cast<size_t>(added_elements * element_size);
    if (plan.worker_scratch_bytes < total_bytes) plan.worker_scratch_bytes = total_bytes;
    return;
  }
  set_units(plan, rounds ? of_storage(a.dtype, {nullptr, nullptr, run<BFloat16, float>, run<Float16, float>})
                         : of_storage(a.dtype, {run<float>, run<double>, run<BFloat16>, run<Float16>}),
            p.units * p.batches, work);
}

}  // namespace

void add_openblas_matmul(KernelList& list);  // matmul_cpu_openblas.cpp

void matmul_kernels(KernelList& list) {
  add_openblas_matmul(list);
  static const Kernel kernel{"packed", refuse_other_storage, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
