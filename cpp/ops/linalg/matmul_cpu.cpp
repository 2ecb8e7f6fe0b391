// Matrix products on the packed kernels of cpu/gemm.h, with an elementwise program on each finished block.
#include "ops/linalg/matmul.h"

#include "cpu/gemm.h"
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
};

struct EpilogueContext {
  const TileProgram* program;
  void* operands[max_tile_operands];  // operand 0, the product, is set for every block
  int64_t first;                      // linear index of the first element of this product of the batch
  int64_t columns;
  int64_t element_size;
};

// The block becomes operand 0 of the program, moved back so that the element of linear index i is found at i.
void run_epilogue(void* context, const void* tile, long ld, long row, long rows, long col, long cols) {
  EpilogueContext& epilogue = *static_cast<EpilogueContext*>(context);
  const char* values = static_cast<const char*>(tile);
  const bool whole_rows = ld == cols && cols == epilogue.columns;
  const long pieces = whole_rows ? 1 : rows, length = whole_rows ? rows * cols : cols;
  for (long piece = 0; piece < pieces; ++piece) {
    const int64_t begin = epilogue.first + (row + piece) * epilogue.columns + col;
    epilogue.operands[0] = const_cast<char*>(values + (piece * ld - begin) * epilogue.element_size);
    run_tile_program(*epilogue.program, epilogue.operands, begin, begin + length);
  }
}

template <class T>
void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  const T *a = static_cast<const T*>(call.buffers[0]), *b = static_cast<const T*>(call.buffers[1]);
  T* c = p.program ? nullptr : static_cast<T*>(call.buffers[2]);
  EpilogueContext epilogue;
  if (p.program) {
    epilogue.program = p.program;
    epilogue.columns = p.gemm.n;
    epilogue.element_size = sizeof(T);
    for (int i = 0; i < p.program_operands; ++i) epilogue.operands[i + 1] = call.buffers[i + 2];
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
    epilogue.first = c_offset;
    gemm_run(p.gemm, a + a_offset, b + b_offset, c ? c + c_offset : nullptr, p.gemm.n, call.worker_scratch, first,
             first + count, p.program ? run_epilogue : nullptr, &epilogue);
    unit += count;
  }
}

const char* refuse(const KernelProblem& problem) {
  const DType dtype = problem.inputs[0].dtype;
  return dtype == DType::float32 || dtype == DType::float64 ? nullptr : "the factors are neither float32 nor float64";
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
  const int element_size = a.dtype == DType::float32 ? 4 : 8;
  p.units = gemm_split(p.gemm, element_size).units;
  p.program = problem.program;
  p.program_operands = problem.input_count - 2 + problem.output_count;
  set_units(plan, element_size == 4 ? run<float> : run<double>, p.units * p.batches,
            2.0 * static_cast<double>(p.gemm.m) * static_cast<double>(p.gemm.n) * static_cast<double>(p.gemm.k) *
                static_cast<double>(p.batches) / 8);
  plan.worker_scratch_bytes = gemm_scratch_bytes(p.gemm, element_size);
}

}  // namespace

void add_openblas_matmul(KernelList& list);  // matmul_cpu_openblas.cpp

void matmul_kernels(KernelList& list) {
  add_openblas_matmul(list);
  static const Kernel kernel{"packed", refuse, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
