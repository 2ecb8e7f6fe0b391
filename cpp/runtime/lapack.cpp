#include "runtime/lapack.h"

#include <cstddef>
#include <string>

#include "runtime/blas.h"

namespace gradmill {
namespace {

// Fortran: every argument is a pointer, and the lengths of texts follow at the end.
template <class T>
struct Routines {
  void (*potrf)(const char*, const int*, T*, const int*, int*, size_t);
  void (*getrf)(const int*, const int*, T*, const int*, int*, int*);
  void (*trsm)(const char*, const char*, const char*, const char*, const int*, const int*, const T*, const T*, const int*,
               T*, const int*, size_t, size_t, size_t, size_t);
  void (*geqrf)(const int*, const int*, T*, const int*, T*, T*, const int*, int*);
  void (*orgqr)(const int*, const int*, const int*, T*, const int*, const T*, T*, const int*, int*);
  void (*syevd)(const char*, const char*, const int*, T*, const int*, T*, T*, const int*, int*, const int*, int*, size_t,
                size_t);
  void (*gesdd)(const char*, const int*, const int*, T*, const int*, T*, T*, const int*, T*, const int*, T*, const int*,
                int*, int*, size_t);
  bool complete = true;

  explicit Routines(char letter) {
    find(potrf, letter, "potrf_");
    find(getrf, letter, "getrf_");
    find(trsm, letter, "trsm_");
    find(geqrf, letter, "geqrf_");
    find(orgqr, letter, "orgqr_");
    find(syevd, letter, "syevd_");
    find(gesdd, letter, "gesdd_");
  }

  template <class Function>
  void find(Function& function, char letter, const char* name) {
    function = reinterpret_cast<Function>(blas_function((letter + std::string(name)).c_str()));
    complete = complete && function;
  }
};

const Routines<float>& routines(const float*) {
  static const Routines<float> instance('s');
  return instance;
}

const Routines<double>& routines(const double*) {
  static const Routines<double> instance('d');
  return instance;
}

int larger(int a, int b) { return a > b ? a : b; }

}  // namespace

bool lapack_available() {
  return routines(static_cast<const float*>(nullptr)).complete && routines(static_cast<const double*>(nullptr)).complete;
}

#define GM_LAPACK_DEFINITIONS(T)                                                                                         \
  int lapack_cholesky(int n, T* a) {                                                                                     \
    int info = 0;                                                                                                        \
    routines(a).potrf("U", &n, a, &n, &info, 1);                                                                         \
    return info;                                                                                                         \
  }                                                                                                                      \
  int lapack_lu(int m, int n, T* a, int* pivots) {                                                                       \
    int info = 0;                                                                                                        \
    routines(a).getrf(&m, &n, a, &m, pivots, &info);                                                                     \
    return info;                                                                                                         \
  }                                                                                                                      \
  void lapack_solve_from_right(bool upper, bool transpose, bool unit, int m, int n, const T* a, T* b) {                  \
    const T one = 1;                                                                                                     \
    routines(a).trsm("R", upper ? "U" : "L", transpose ? "T" : "N", unit ? "U" : "N", &m, &n, &one, a, &n, b, &m, 1, 1,  \
                     1, 1);                                                                                              \
  }                                                                                                                      \
  int lapack_qr(int m, int n, int columns, T* a, T* r, T* tau, T* work, int work_size) {                                 \
    int info = 0;                                                                                                        \
    const int rank = m < n ? m : n;                                                                                      \
    routines(a).geqrf(&m, &n, a, &m, tau, work, &work_size, &info);                                                      \
    if (info) return info;                                                                                               \
    for (int j = 0; j < n; ++j) {                                                                                        \
      for (int i = 0; i < columns; ++i) r[i + j * static_cast<ptrdiff_t>(columns)] = i <= j && i < m ? a[i + j * static_cast<ptrdiff_t>(m)] : T(0); \
    }                                                                                                                    \
    routines(a).orgqr(&m, &columns, &rank, a, &m, tau, work, &work_size, &info);                                         \
    return info;                                                                                                         \
  }                                                                                                                      \
  int lapack_qr_work(int m, int n, int columns, const T* type) {                                                         \
    const int query = -1, rank = m < n ? m : n;                                                                          \
    int info = 0;                                                                                                        \
    T first = 0, second = 0;                                                                                             \
    routines(type).geqrf(&m, &n, nullptr, &m, nullptr, &first, &query, &info);                                           \
    routines(type).orgqr(&m, &columns, &rank, nullptr, &m, nullptr, &second, &query, &info);                             \
    return larger(static_cast<int>(first), static_cast<int>(second)) + larger(m, larger(n, columns));                    \
  }                                                                                                                      \
  int lapack_symmetric_eigen(int n, T* a, T* w, T* work, int work_size, int* places, int place_count) {                  \
    int info = 0;                                                                                                        \
    routines(a).syevd("V", "L", &n, a, &n, w, work, &work_size, places, &place_count, &info, 1, 1);                      \
    return info;                                                                                                         \
  }                                                                                                                      \
  void lapack_symmetric_eigen_work(int n, const T* type, int* work_size, int* place_count) {                             \
    const int query = -1;                                                                                                \
    int info = 0;                                                                                                        \
    T size = 0;                                                                                                          \
    routines(type).syevd("V", "L", &n, nullptr, &n, nullptr, &size, &query, place_count, &query, &info, 1, 1);           \
    *work_size = larger(static_cast<int>(size), 1 + 6 * n + 2 * n * n);                                                  \
    *place_count = larger(*place_count, 3 + 5 * n);                                                                      \
  }                                                                                                                      \
  int lapack_svd(bool full, int m, int n, T* a, T* s, T* u, T* vt, T* work, int work_size, int* places) {                \
    int info = 0;                                                                                                        \
    const int rank = m < n ? m : n;                                                                                      \
    routines(a).gesdd(full ? "A" : "S", &m, &n, a, &m, s, u, &m, vt, full ? &n : &rank, work, &work_size, places, &info, \
                      1);                                                                                                \
    return info;                                                                                                         \
  }                                                                                                                      \
  int lapack_svd_work(bool full, int m, int n, const T* type) {                                                          \
    const int query = -1, rank = m < n ? m : n;                                                                          \
    int info = 0, place = 0;                                                                                             \
    T size = 0;                                                                                                          \
    routines(type).gesdd(full ? "A" : "S", &m, &n, nullptr, &m, nullptr, nullptr, &m, nullptr, full ? &n : &rank, &size, \
                         &query, &place, &info, 1);                                                                      \
    return static_cast<int>(size) + rank;                                                                                \
  }
GM_LAPACK_DEFINITIONS(float)
GM_LAPACK_DEFINITIONS(double)
#undef GM_LAPACK_DEFINITIONS

}  // namespace gradmill
