#pragma once
// Recurrences over a whole sequence: rows of the batch do not depend on each other, so a unit of work is some rows with
// all their steps, whose states stay in the first-level cache. Between the steps there is one small product for all rows.
#include "cpu/gemm.h"
#include "cpu/simd/vec_math.h"
#include "math/elementwise.h"
#include "ops/recurrent/recurrence.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t rows_of_a_unit = 16;

// What all kernels of recurrences know of their problem.
struct Recurrence {
  int64_t batch, steps, units, sums;  // sums: columns of the recurrent kernel, some for each unit
  bool backwards;

  int64_t rows_before(int64_t unit) const { return unit * rows_of_a_unit < batch ? unit * rows_of_a_unit : batch; }
  // The place in memory of the step that comes in the order of the recurrence.
  int64_t time(int64_t step) const { return backwards ? steps - 1 - step : step; }
};

// Vectors of numbers, or one number.
template <class T>
struct Lanes;
template <>
struct Lanes<float> {
  typedef VecFloat Vector;
  static constexpr int64_t count = vector_lanes;
  static GM_INLINE VecFloat read(const float* from, int64_t n) { return n < count ? load_partial(from, n) : load(from); }
  static GM_INLINE void write(float* to, VecFloat x, int64_t n) { n < count ? store_partial(to, x, n) : store(to, x); }
};
template <>
struct Lanes<double> {
  typedef double Vector;
  static constexpr int64_t count = 1;
  static GM_INLINE double read(const double* from, int64_t) { return *from; }
  static GM_INLINE void write(double* to, double x, int64_t) { *to = x; }
};

// Calls body(first unit, how many) for pieces of a row of states.
template <class T, class Body>
GM_INLINE void for_lanes(int64_t units, const Body& body) {
  for (int64_t j = 0; j < units; j += Lanes<T>::count) body(j, units - j < Lanes<T>::count ? units - j : Lanes<T>::count);
}

// The product of states (rows x units, `stride` apart) and the recurrent kernel, or of sums and its transpose.
static inline GemmProblem state_product(int64_t rows, int64_t columns, int64_t terms, int64_t stride) {
  return {rows, columns, terms, stride, 1, columns, 1};
}

template <class T>
static inline void multiply_states(const GemmProblem& problem, const T* a, const T* b, T* to, void* scratch) {
  gemm_run(problem, a, b, to, problem.n, scratch, 0, gemm_split(problem, sizeof(T)).units, nullptr);
}

// States of some rows: those that a step begins with.
template <class T>
struct States {
  const T* data;
  int64_t stride;
  GM_INLINE const T* row(int64_t number) const { return data + number * stride; }
};
template <class T>
static inline States<T> states_before_step(const Recurrence& r, int64_t step, int64_t first_row, const T* first, const T* after) {
  if (step == 0) return {first + first_row * r.units, r.units};
  return {after + (first_row * r.steps + r.time(step - 1)) * r.units, r.steps * r.units};
}

template <class T>
static inline void transpose_kernel(const Recurrence& r, const T* kernel, T* to) {
  for (int64_t j = 0; j < r.units; ++j) {
    for (int64_t k = 0; k < r.sums; ++k) to[k * r.units + j] = kernel[j * r.sums + k];
  }
}

template <class T>
GM_INLINE void add_row(int64_t units, const T* x, T* to) {
  for (int64_t j = 0; j < units; ++j) to[j] += x[j];
}

// Elements of a buffer behind which another may begin at a multiple of 64 bytes.
template <class T>
static inline int64_t round_to_line(int64_t elements) {
  constexpr int64_t line = 64 / sizeof(T);
  return (elements + line - 1) / line * line;
}

// Scratch for the products of a unit, of whatever stride.
template <class T>
static inline int64_t product_scratch_bytes(const Recurrence& r, int64_t columns, int64_t terms) {
  const int64_t dense = gemm_scratch_bytes(state_product(rows_of_a_unit, columns, terms, terms), sizeof(T));
  const int64_t apart = gemm_scratch_bytes(state_product(rows_of_a_unit, columns, terms, terms * r.steps), sizeof(T));
  return (dense > apart ? dense : apart) + 64;
}

// `states`: a buffer of (batch, steps, units).
static inline void describe_recurrence(const KernelProblem& problem, const BufferType& states, int64_t sums_of_a_unit,
                                       KernelPlan& plan) {
  parameters_of<Recurrence>(plan) = {states.dims[0], states.dims[1], states.dims[2], sums_of_a_unit * states.dims[2],
                                     static_cast<const RecurrenceAttributes*>(problem.attributes)->backwards};
}

static inline void plan_units(const KernelProblem& problem, KernelPlan& plan, KernelFunction single, KernelFunction wide) {
  const Recurrence& r = parameters_of<Recurrence>(plan);
  const bool is_single = problem.inputs[0].dtype == DType::float32;
  constexpr int64_t operations_of_a_gate = 10;
  set_units(plan, is_single ? single : wide, (r.batch + rows_of_a_unit - 1) / rows_of_a_unit,
            static_cast<double>(r.batch * r.steps * r.sums) * static_cast<double>(r.units / 4 + operations_of_a_gate));
}

// The scratch that a run forward needs: the sums of the states for the rows of a unit, and what their product needs.
template <class T>
static inline int64_t scratch_bytes_forward(const Recurrence& r) {
  return round_to_line<T>(rows_of_a_unit * r.sums) * int64_t(sizeof(T)) + product_scratch_bytes<T>(r, r.sums, r.units);
}
static inline void plan_recurrence(const KernelProblem& problem, KernelPlan& plan, KernelFunction single, KernelFunction wide) {
  plan_units(problem, plan, single, wide);
  const Recurrence& r = parameters_of<Recurrence>(plan);
  plan.worker_scratch_bytes = size_t(plan.run == single ? scratch_bytes_forward<float>(r) : scratch_bytes_forward<double>(r));
}

// And back: the transposed kernel, what arrives at the states of a unit's rows, and what the product needs.
template <class T>
static inline int64_t scratch_bytes_back(const Recurrence& r) {
  return (round_to_line<T>(r.units * r.sums) + round_to_line<T>(rows_of_a_unit * r.units)) * int64_t(sizeof(T)) +
         product_scratch_bytes<T>(r, r.units, r.sums);
}
static inline void plan_recurrence_back(const KernelProblem& problem, KernelPlan& plan, KernelFunction single,
                                        KernelFunction wide) {
  plan_units(problem, plan, single, wide);
  const Recurrence& r = parameters_of<Recurrence>(plan);
  plan.worker_scratch_bytes = size_t(plan.run == single ? scratch_bytes_back<float>(r) : scratch_bytes_back<double>(r));
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
