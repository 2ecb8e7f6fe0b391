// Matrix products on the packed kernels of cpu/gemm.h, with an elementwise program on each finished block.
#include "cpu/gemm_half.h"
#include "ops/linalg/matmul_cpu_blocks.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters : ProductShape {
  int64_t units;   // of one product of the batch
  int64_t k_step;  // terms of a partial sum, see run_partial_sums
};

// Products of few rows and long sums, such as a layer on a small batch, are cut along the sum: each unit multiplies some
// columns of A with the same rows of B, then the partial sums are added in a fixed order. The units have the rows of B
// that the units of the weights' gradient (and its update) have, so each worker keeps its part of the weights in its
// own cache; cut by columns, every worker would fetch lines that another has just written.
constexpr int64_t partial_sums_max_rows = 64;
constexpr int64_t partial_sums_k_per_row = 16;  // B is then as large as all partial sums, written and read
constexpr int64_t max_partial_sums = 8;
constexpr int64_t added_elements = 1024;  // of a unit that adds them

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
    const Factors offsets = factors_of(p, batch);
    const int64_t c_offset = batch * p.gemm.m * p.gemm.n;
    context.first = c_offset;
    multiply(p.gemm, a + offsets.a, b + offsets.b, c ? c + c_offset : nullptr, call.worker_scratch, first, first + count,
             direct ? nullptr : &epilogue);
    unit += count;
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
  static_cast<ProductShape&>(p) = shape_of(problem);
  const BufferType &a = problem.inputs[0], &b = problem.inputs[1];
  const int element_size = a.dtype == DType::float64 ? 8 : 4;  // of the arithmetic
  const bool rounds = attributes.rounds_b && a.dtype != b.dtype;
  p.units = gemm_split(p.gemm, element_size).units;
  const double work = multiplications(p) / 4;
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

void add_openblas_matmul(KernelList& list);   // matmul_cpu_openblas.cpp
void add_bfloat16_matmul(KernelList& list);  // matmul_cpu_bfloat16.cpp
void add_thirds_matmul(KernelList& list);    // matmul_cpu_thirds.cpp

void matmul_kernels(KernelList& list) {
  add_openblas_matmul(list);
  add_bfloat16_matmul(list);
  add_thirds_matmul(list);
  static const Kernel kernel{"packed", refuse_other_storage, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
