// Large products without an epilogue on OpenBLAS, which is some per cent quicker there: on Zen 3, one thread, float32,
// ours reaches 0.98 of it for a side of 1024 and 0.93 for 2048, and more than 1 below (cpu/gemm.h). With AVX-512 ours is
// quicker: 1.05 to 1.19 times for sides of 1024 to 4096 on two threads of a Granite Rapids. The output is cut into
// blocks of rows, one call each, so that workers share it and the result does not depend on their number.
#include "ops/linalg/matmul.h"
#include "registry/kernel.h"
#include "runtime/blas.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t smallest_side = 1024;
constexpr int64_t unit_rows = 256;

struct Parameters {
  int64_t m, n, k;
  bool transpose_a, transpose_b;
};

template <class T>
void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const int64_t begin = call.begin * unit_rows, end = call.end * unit_rows < p.m ? call.end * unit_rows : p.m;
  const int64_t a_stride = p.transpose_a ? p.m : p.k, b_stride = p.transpose_b ? p.k : p.n;
  for (int64_t row = begin; row < end; row += unit_rows) {
    const int64_t rows = end - row < unit_rows ? end - row : unit_rows;
    const T* a = static_cast<const T*>(call.buffers[0]) + (p.transpose_a ? row : row * p.k);
    blas_multiply(p.transpose_a, p.transpose_b, rows, p.n, p.k, a, a_stride, static_cast<const T*>(call.buffers[1]), b_stride,
                  static_cast<T*>(call.buffers[2]) + row * p.n, p.n);
  }
}

const char* refuse(const KernelProblem& problem) {
  const BufferType &a = problem.inputs[0], &c = problem.outputs[0];
  const auto& attributes = *static_cast<const MatmulAttributes*>(problem.attributes);
  if (problem.program) return "the product has an epilogue";
  if (const char* reason = refuse_other_than_floats(problem)) return reason;
  if (c.rank != 2) return "a batch of products";
  const int64_t k = a.dims[attributes.transpose_a ? 0 : 1];
  if (c.dims[0] < smallest_side || c.dims[1] < smallest_side || k < smallest_side) return "too small to gain";
  if (c.dims[0] > INT32_MAX || c.dims[1] > INT32_MAX || k > INT32_MAX) return "a size beyond 32 bits";
  return blas_available() ? nullptr : "OpenBLAS was not found";
}

const char* decline([[maybe_unused]] const KernelProblem& problem) {
#ifdef __AVX512F__
  return "the packed kernels are quicker with AVX-512";
#else
  return nullptr;
#endif
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  Parameters& p = parameters_of<Parameters>(plan);
  const auto& attributes = *static_cast<const MatmulAttributes*>(problem.attributes);
  p.transpose_a = attributes.transpose_a;
  p.transpose_b = attributes.transpose_b;
  p.m = problem.outputs[0].dims[0];
  p.n = problem.outputs[0].dims[1];
  p.k = problem.inputs[0].dims[attributes.transpose_a ? 0 : 1];
  set_units(plan, problem.inputs[0].dtype == DType::float32 ? run<float> : run<double>, (p.m + unit_rows - 1) / unit_rows,
            2.0 * static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k) / 8);
}

}  // namespace

void add_openblas_matmul(KernelList& list) {
  static const Kernel kernel{"openblas", refuse, prepare, decline};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
