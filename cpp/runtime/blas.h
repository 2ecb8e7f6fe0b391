// The only user of OpenBLAS. The library is opened when a product first wants it, so that importing the package neither
// loads it nor starts its threads; it then runs on one thread, since our workers share the products among themselves.
#pragma once

namespace gradmill {

// A function of the library by its name there, without the prefix that some builds have; null if there is none.
void* blas_function(const char* name);

// Whether the library was found beside this one (or where the build found it).
bool blas_available();

// C = op(A) op(B) for row-major matrices; op(A) is m x k and op(B) k x n. Leading dimensions count elements of a stored row.
void blas_multiply(bool transpose_a, bool transpose_b, long m, long n, long k, const float* a, long lda, const float* b,
                   long ldb, float* c, long ldc);
void blas_multiply(bool transpose_a, bool transpose_b, long m, long n, long k, const double* a, long lda, const double* b,
                   long ldb, double* c, long ldc);

}  // namespace gradmill
