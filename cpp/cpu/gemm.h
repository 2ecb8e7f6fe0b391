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

// How a factor lies in memory: in the type that is multiplied, or in 16 bits.
enum class Storage { same, bfloat16, float16 };

// Factors that do not lie in memory as matrices of the type that is multiplied, such as the patches of a convolution or
// 16-bit floats.
struct GemmSource {
  // Writes elements [first, first + count) of lines [line, line + lines) of A to `to`, one line every `stride` elements.
  // A line is a row of A, or with a_columns a column.
  void (*pack_a)(const void* context, long line, long lines, long first, long count, void* to, long stride);
  const void* context;
  bool a_columns;
  long unit_rows;  // fewest rows of a unit where that is not the product's own choice, else 0
  // When b_piece > 0 the rows of B fall into pieces of so many; piece i starts at b + b_offset(context, i), and within a
  // piece the strides of the problem hold.
  long b_piece;
  long (*b_offset)(const void* context, long piece);
  // When not null, B comes from here: rows [first, first + count) of its columns [col, col + cols) are written to `to`, one
  // row every `width` elements.
  void (*pack_b)(const void* context, long first, long count, long col, long cols, void* to, long width) = nullptr;
  // Where B of pack_b also lies as a matrix with the strides of the problem: kernels may read it as it is stored.
  const void* b_halves = nullptr;
  Storage b_storage = Storage::same;
};

// The same with a source: `a` is what the source makes of it, the strides of A in the problem are not read, nor
// those of B and b with a pack_b and no b_halves.
GemmSplit gemm_split(const GemmProblem& problem, const GemmSource& source, int element_size);
size_t gemm_scratch_bytes(const GemmProblem& problem, const GemmSource& source, int element_size);
void gemm_run(const GemmProblem& problem, const GemmSource& source, const float* b, float* c, long ldc, void* scratch,
              long unit_begin, long unit_end, const GemmEpilogue* epilogue);
void gemm_run(const GemmProblem& problem, const GemmSource& source, const double* b, double* c, long ldc, void* scratch,
              long unit_begin, long unit_end, const GemmEpilogue* epilogue);

// Small products, one after the other on one worker, with one B that the caller packs once: panels of
// gemm_panel_columns columns, each k rows behind each other, the last panel filled up with anything.
long gemm_panel_columns(int element_size);

// C (rows x cols) = A B with A(i, p) = a[i * lda + p].
void gemm_panels(long rows, long cols, long k, const float* a, long lda, const float* panels, float* c, long ldc);
void gemm_panels(long rows, long cols, long k, const double* a, long lda, const double* panels, double* c, long ldc);

// One panel of columns of C = A B, where A(i, p) = a[p * lda + i] and B lies in rows, of which a whole panel can be read.
// The scratch holds gemm_columns_scratch elements.
long gemm_columns_scratch(int element_size);
void gemm_columns(long rows, long cols, long k, const float* a, long lda, const float* b, long ldb, float* c, long ldc,
                  float* scratch);
void gemm_columns(long rows, long cols, long k, const double* a, long lda, const double* b, long ldb, double* c, long ldc,
                  double* scratch);

}  // namespace gradmill::GM_ISA_NAMESPACE
