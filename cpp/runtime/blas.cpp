#include "runtime/blas.h"

#include <dlfcn.h>

#include <string>

// The build says where it found the library; without one, nothing is available.
#if !defined(GM_BLAS_FILE)
#define GM_BLAS_FILE ""
#endif
#if defined(GM_BLAS_PREFIX_SCIPY)
#define GM_BLAS_PREFIX "scipy_"
#else
#define GM_BLAS_PREFIX ""
#endif

namespace gradmill {
namespace {

// Of cblas.h: row-major storage, and whether a factor is transposed.
constexpr int row_major = 101, as_stored = 111, transposed = 112;

template <class T>
using Multiply = void (*)(int order, int transpose_a, int transpose_b, int m, int n, int k, T alpha, const T* a, int lda,
                          const T* b, int ldb, T beta, T* c, int ldc);

struct Library {
  void* handle = nullptr;
  Multiply<float> multiply_floats = nullptr;
  Multiply<double> multiply_doubles = nullptr;
};

// The copy that travels with the package lies beside this library.
std::string beside_this_library(const std::string& file) {
  Dl_info place;
  if (!dladdr(reinterpret_cast<void*>(&blas_available), &place) || !place.dli_fname) return file;
  const std::string self = place.dli_fname;
  const size_t folder = self.rfind('/'), name = file.rfind('/');
  return (folder == std::string::npos ? "." : self.substr(0, folder)) + "/" +
         (name == std::string::npos ? file : file.substr(name + 1));
}

Library open_library() {
  Library library;
  const std::string file = GM_BLAS_FILE;
  if (file.empty()) return library;
  void* handle = dlopen(beside_this_library(file).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) return library;
  const auto set_threads = reinterpret_cast<void (*)(int)>(dlsym(handle, GM_BLAS_PREFIX "openblas_set_num_threads"));
  if (!set_threads) return library;  // some other BLAS, whose threads could not be held back
  set_threads(1);
  library.handle = handle;
  library.multiply_floats = reinterpret_cast<Multiply<float>>(dlsym(handle, GM_BLAS_PREFIX "cblas_sgemm"));
  library.multiply_doubles = reinterpret_cast<Multiply<double>>(dlsym(handle, GM_BLAS_PREFIX "cblas_dgemm"));
  return library;
}

const Library& library() {
  static const Library instance = open_library();
  return instance;
}

template <class T>
void multiply(Multiply<T> function, bool transpose_a, bool transpose_b, long m, long n, long k, const T* a, long lda,
              const T* b, long ldb, T* c, long ldc) {
  function(row_major, transpose_a ? transposed : as_stored, transpose_b ? transposed : as_stored, static_cast<int>(m),
           static_cast<int>(n), static_cast<int>(k), T(1), a, static_cast<int>(lda), b, static_cast<int>(ldb), T(0), c,
           static_cast<int>(ldc));
}

}  // namespace

void* blas_function(const char* name) {
  const std::string full = std::string(GM_BLAS_PREFIX) + name;
  return library().handle ? dlsym(library().handle, full.c_str()) : nullptr;
}

bool blas_available() { return library().multiply_floats && library().multiply_doubles; }

void blas_multiply(bool transpose_a, bool transpose_b, long m, long n, long k, const float* a, long lda, const float* b,
                   long ldb, float* c, long ldc) {
  multiply(library().multiply_floats, transpose_a, transpose_b, m, n, k, a, lda, b, ldb, c, ldc);
}

void blas_multiply(bool transpose_a, bool transpose_b, long m, long n, long k, const double* a, long lda, const double* b,
                   long ldb, double* c, long ldc) {
  multiply(library().multiply_doubles, transpose_a, transpose_b, m, n, k, a, lda, b, ldb, c, ldc);
}

}  // namespace gradmill
