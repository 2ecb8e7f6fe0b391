#pragma once
// What the kernels of matrix products share: the shape of a batch of products, and what becomes of finished blocks.
// Everything here has internal linkage.
#include "cpu/gemm.h"
#include "cpu/simd/half_lanes.h"
#include "cpu/tile_run.h"
#include "ops/linalg/matmul.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct ProductShape {
  GemmProblem gemm;
  int64_t batches;
  int batch_rank;
  int64_t batch_dims[kernel_max_rank], a_strides[kernel_max_rank], b_strides[kernel_max_rank];
  const TileProgram* program;
  int program_operands;  // inputs of the node beyond the factors, then outputs
  bool direct;           // the result is stored as it is computed
};

// Where the factors of one product of the batch begin.
struct Factors {
  int64_t a, b;
};
static inline Factors factors_of(const ProductShape& p, int64_t batch) {
  Factors offsets{0, 0};
  for (int i = p.batch_rank - 1; i >= 0; --i) {
    const int64_t index = batch % p.batch_dims[i];
    batch /= p.batch_dims[i];
    offsets.a += index * p.a_strides[i];
    offsets.b += index * p.b_strides[i];
  }
  return offsets;
}

static inline double multiplications(const ProductShape& p) {
  return static_cast<double>(p.gemm.m) * static_cast<double>(p.gemm.n) * static_cast<double>(p.gemm.k) *
         static_cast<double>(p.batches);
}

// How many matrices a factor with these strides has: one for all products of the batch, or one for each.
static inline int64_t matrices_of(const ProductShape& p, const int64_t* strides) {
  for (int i = 0; i < p.batch_rank; ++i)
    if (strides[i] != 0 && p.batch_dims[i] > 1) return p.batches;
  return 1;
}

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

static void run_epilogue(void* context, const void* tile, long ld, long row, long rows, long col, long cols) {
  EpilogueContext& epilogue = *static_cast<EpilogueContext*>(context);
  const int64_t begin = epilogue.first + row * epilogue.columns + col;
  if (ld == cols && cols == epilogue.columns) {  // one contiguous span
    epilogue.operands[0] = const_cast<char*>(static_cast<const char*>(tile) - begin * epilogue.element_size);
    run_tile_program(*epilogue.program, epilogue.operands, begin, begin + rows * cols);
  } else {
    run_tile_block(*epilogue.program, epilogue.operands, begin, rows, epilogue.columns, cols, tile, ld);
  }
}

// Of products that are stored as S: in 16 bits, or as they are.
template <class S>
static void narrow_block(void* context, const void* tile, long ld, long row, long rows, long col, long cols) {
  const EpilogueContext& epilogue = *static_cast<const EpilogueContext*>(context);
  S* to = static_cast<S*>(epilogue.operands[1]) + epilogue.first + row * epilogue.columns + col;
  const auto* from = static_cast<const typename Arithmetic<S>::Type*>(tile);
  for (long i = 0; i < rows; ++i) narrow_row(from + i * ld, to + i * epilogue.columns, cols);
}

static EpilogueContext epilogue_context(const ProductShape& p, const KernelCall& call, int64_t element_size) {
  EpilogueContext context;
  context.program = p.program;
  context.columns = p.gemm.n;
  context.element_size = element_size;
  for (int i = 0; i < p.program_operands; ++i) context.operands[i + 1] = call.buffers[i + 2];
  return context;
}

// Strides over the output's batch axes, 0 where the factor is broadcast.
static void batch_strides(const BufferType& factor, int batch_rank, const int64_t* batch_dims, int64_t* strides) {
  int64_t stride = factor.dims[factor.rank - 1] * factor.dims[factor.rank - 2];
  for (int i = batch_rank - 1; i >= 0; --i) {
    const int axis = i - batch_rank + factor.rank - 2;
    const int64_t size = axis < 0 ? 1 : factor.dims[axis];
    strides[i] = size == 1 && batch_dims[i] != 1 ? 0 : axis < 0 ? 0 : stride;
    stride *= size;
  }
}

static ProductShape shape_of(const KernelProblem& problem) {
  const auto& attributes = *static_cast<const MatmulAttributes*>(problem.attributes);
  ProductShape p;
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
  p.program = problem.program;
  p.direct = !p.program && size_of(c.dtype) == (a.dtype == DType::float64 ? 8 : 4);
  p.program_operands = problem.input_count - 2 + problem.output_count;
  return p;
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
