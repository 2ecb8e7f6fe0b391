// Products, reductions and softmax of the engine against Eigen, an implementation of other authors, in every layout.
#include <Eigen/Dense>
#include <array>
#include <cmath>
#include <random>

#include "doctest/doctest.h"
#include "eager_fixture.h"
#include "ops/build.h"
#include "ops/linalg/matmul.h"
#include "ops/normalization/softmax.h"
#include "registry/registry.h"

using namespace gradmill;

namespace {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T>
constexpr DType dtype_of() {
  return sizeof(T) == 4 ? DType::float32 : DType::float64;
}

template <class T>
Matrix<T> random_matrix(long rows, long cols, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Matrix<T> result(rows, cols);
  for (long i = 0; i < rows * cols; ++i) result.data()[i] = static_cast<T>(normal(generator));
  return result;
}

template <class T>
Var var_of(const Matrix<T>& matrix) {
  const Tensor tensor = Tensor::empty({dtype_of<T>(), Shape{matrix.rows(), matrix.cols()}});
  std::copy(matrix.data(), matrix.data() + matrix.size(), tensor.data<T>());
  return Var(tensor);
}

// `length` is the number of terms behind each element.
template <class T>
void check_alike(const Var& found, const Eigen::MatrixXd& wanted, long length) {
  REQUIRE(found.type().elements() == wanted.size());
  const double tolerance = (sizeof(T) == 4 ? 1e-6 : 1e-14) * std::sqrt(static_cast<double>(length)) * 8;
  for (long row = 0; row < wanted.rows(); ++row) {
    for (long col = 0; col < wanted.cols(); ++col) {
      const double value = static_cast<double>(found.tensor().data<T>()[row * wanted.cols() + col]);
      CHECK(std::abs(value - wanted(row, col)) <= tolerance * (1 + std::abs(wanted(row, col))));
    }
  }
}

template <class T>
void check_product(long m, long k, long n) {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      const Matrix<T> a = random_matrix<T>(transpose_a ? k : m, transpose_a ? m : k, 1);
      const Matrix<T> b = random_matrix<T>(transpose_b ? n : k, transpose_b ? k : n, 2);
      const Eigen::MatrixXd left = a.template cast<double>(), right = b.template cast<double>();
      const Eigen::MatrixXd wanted = (transpose_a ? Eigen::MatrixXd(left.transpose()) : left) *
                                     (transpose_b ? Eigen::MatrixXd(right.transpose()) : right);
      const Var found = emit_one(op_definition(OpId::matmul), {var_of(a), var_of(b)},
                                 Attributes::of(MatmulAttributes{.transpose_a = transpose_a, .transpose_b = transpose_b}));
      REQUIRE(found.shape() == Shape{m, n});
      check_alike<T>(found, wanted, k);
    }
  }
}

template <class T>
void check_reductions(long rows, long cols) {
  const Matrix<T> x = random_matrix<T>(rows, cols, 3);
  const Eigen::MatrixXd wide = x.template cast<double>();
  const Var var = var_of(x);
  check_alike<T>(sum(var, {0}), wide.colwise().sum(), rows);
  check_alike<T>(sum(var, {1}), wide.rowwise().sum(), cols);
  check_alike<T>(max(var, {0}), wide.colwise().maxCoeff(), 1);
  check_alike<T>(max(var, {1}), wide.rowwise().maxCoeff(), 1);
  const Eigen::MatrixXd powers = (wide.colwise() - wide.rowwise().maxCoeff()).array().exp();
  const Eigen::VectorXd totals = powers.rowwise().sum();
  const Var found = emit_one(op_definition(OpId::softmax), {var}, Attributes::of(SoftmaxAttributes{-1}));
  check_alike<T>(found, totals.cwiseInverse().asDiagonal() * powers, cols);
}

}  // namespace

TEST_CASE_FIXTURE(Eager, "matrix products are Eigen's") {
  const std::vector<std::array<long, 3>> sizes{{1, 1, 1}, {1, 17, 1}, {5, 3, 33}, {32, 100, 10}, {67, 65, 70}, {130, 300, 19}};
  for (const auto& [m, k, n] : sizes) {
    check_product<float>(m, k, n);
    check_product<double>(m, k, n);
  }
}

TEST_CASE_FIXTURE(Eager, "sums, maxima and softmax are Eigen's") {
  const std::vector<std::array<long, 2>> sizes{{1, 1}, {1, 1000}, {1000, 1}, {3, 17}, {64, 33}, {257, 300}};
  for (const auto& [rows, cols] : sizes) {
    check_reductions<float>(rows, cols);
    check_reductions<double>(rows, cols);
  }
}
