// The factorizations of LAPACK, which OpenBLAS brings along (runtime/blas.h), for matrices stored column by column without
// gaps. They run on the calling thread and take their working memory from the caller.
//
// The functions exist for float and double; an argument of type const T* that is only named after the type may be null.
// What is returned is LAPACK's own report: 0, or why there is no result.
#pragma once

namespace gradmill {

// Whether the library was found and has them.
bool lapack_available();

#define GM_LAPACK_DECLARATIONS(T)                                                                                       \
  /* The upper triangle of a (n x n) becomes U with U'U = a. */                                                         \
  int lapack_cholesky(int n, T* a);                                                                                     \
  /* a (m x n) becomes L and U of P a = L U; row i was exchanged with row pivots[i] - 1. */                             \
  int lapack_lu(int m, int n, T* a, int* pivots);                                                                       \
  /* b (m x n) becomes X of X op(a) = b for a triangle of a (n x n). */                                                 \
  void lapack_solve_from_right(bool upper, bool transpose, bool unit, int m, int n, const T* a, T* b);                  \
  /* a (m x n, room for m x columns) becomes the first columns of Q, and r (columns x n) the triangle R of a = Q R. */  \
  int lapack_qr(int m, int n, int columns, T* a, T* r, T* tau, T* work, int work_size);                                 \
  int lapack_qr_work(int m, int n, int columns, const T*);                                                              \
  /* a (n x n, its lower triangle) becomes its eigenvectors, w their values in ascending order. */                      \
  int lapack_symmetric_eigen(int n, T* a, T* w, T* work, int work_size, int* places, int place_count);                  \
  void lapack_symmetric_eigen_work(int n, const T*, int* work_size, int* place_count);                                  \
  /* a (m x n, destroyed) = u diag(s) vt; u is m x columns and vt rows x n, both square or both of min(m, n). */        \
  int lapack_svd(bool full, int m, int n, T* a, T* s, T* u, T* vt, T* work, int work_size, int* places);                \
  int lapack_svd_work(bool full, int m, int n, const T*);
GM_LAPACK_DECLARATIONS(float)
GM_LAPACK_DECLARATIONS(double)
#undef GM_LAPACK_DECLARATIONS

}  // namespace gradmill
