#pragma once
// Matrix products C = A B on one worker's share of the output.
//
// The output is cut into independent units (gemm_split). Which unit belongs to which worker is the caller's choice:
// the sum behind each element has the same terms in the same order whatever the ranges are, so results are equal
// bit for bit for any number of workers. Every worker brings its own scratch.

#include <stddef.h>

namespace gradmill::GM_ISA_NAMESPACE {

// Strides count elements: A(i, p) = a[i * a_row + p * a_col], B(p, j) = b[p * b_row + j * b_col]. A transposed operand
// is a swap of its two strides. The kernels are built for one stride of each matrix being 1; others work, slower.
struct GemmProblem {
  long m, n, k;
  long a_row, a_col;
  long b_row, b_col;
};

// The output is a grid of row_block x col_block units (smaller at the lower and right edge), numbered down the rows of
// one column of the grid first. It depends on the problem and the instruction-set level only.
struct GemmSplit {
  long row_block, col_block, units;
};

// What becomes of the product instead of being written: `run` receives every element once, in blocks of rows x cols
// that start at (row, col) of C, `tile` with leading dimension `ld`, still in cache. A block is a unit or several units
// side by side; one of whole rows comes with ld == n, as one contiguous span.
struct GemmEpilogue {
  void (*run)(void* context, const void* tile, long ld, long row, long rows, long col, long cols);
  void* context;
};

// element_size is 4 (float) or 8 (double). units is 0 when the output is empty.
GemmSplit gemm_split(const GemmProblem& problem, int element_size);

// Bytes of scratch, aligned to 64, that each worker needs: packed operands and the tiles given to the epilogue.
size_t gemm_scratch_bytes(const GemmProblem& problem, int element_size);

// Computes units [unit_begin, unit_end). With a null epilogue they are written to c (leading dimension ldc); with one,
// c is not touched and may be null. k == 0 gives zeros.
void gemm_run(const GemmProblem& problem, const float* a, const float* b, float* c, long ldc, void* scratch,
              long unit_begin, long unit_end, const GemmEpilogue* epilogue);
void gemm_run(const GemmProblem& problem, const double* a, const double* b, double* c, long ldc, void* scratch,
              long unit_begin, long unit_end, const GemmEpilogue* epilogue);

}  // namespace gradmill::GM_ISA_NAMESPACE
