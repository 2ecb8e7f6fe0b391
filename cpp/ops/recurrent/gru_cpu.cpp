#include "ops/recurrent/recurrence_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t sums_of_a_unit = 3, kept_of_a_unit = 4;  // u, r, g; and what the states give to g

// One step of one row: `given` are the sums of the inputs, `recurrent` those of the states without their bias.
template <class T>
GM_INLINE void step_row(int64_t units, const T* given, const T* recurrent, const T* bias, const T* state, T* kept, T* to) {
  typedef Lanes<T> L;
  for_lanes<T>(units, [&](int64_t j, int64_t n) {
    const auto from_states = [&](int64_t gate) {
      return L::read(recurrent + gate * units + j, n) + L::read(bias + gate * units + j, n);
    };
    const auto u = functor::sigmoid::value(L::read(given + j, n) + from_states(0));
    const auto r = functor::sigmoid::value(L::read(given + units + j, n) + from_states(1));
    const auto inner = from_states(2), g = functor::tanh::value(L::read(given + 2 * units + j, n) + r * inner);
    L::write(kept + j, u, n);
    L::write(kept + units + j, r, n);
    L::write(kept + 2 * units + j, g, n);
    L::write(kept + 3 * units + j, inner, n);
    L::write(to + j, g + u * (L::read(state + j, n) - g), n);
  });
}

template <class T>
void run(const KernelCall& call) {
  const Recurrence& r = parameters_of<Recurrence>(call);
  const auto input = [&](int i) { return static_cast<const T*>(call.buffers[i]); };
  const T *z = input(0), *kernel = input(1), *bias = input(2), *h0 = input(3);
  const bool* mask = static_cast<const bool*>(call.buffers[4]);
  T *outputs = static_cast<T*>(call.buffers[5]), *kept = static_cast<T*>(call.buffers[6]);
  T* const recurrent = reinterpret_cast<T*>(call.worker_scratch);
  void* const scratch = recurrent + round_to_line<T>(rows_of_a_unit * r.sums);
  const int64_t keeps = kept_of_a_unit * r.units;
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const int64_t first = r.rows_before(unit), rows = r.rows_before(unit + 1) - first;
    for (int64_t step = 0; step < r.steps; ++step) {
      const States<T> h = states_before_step(r, step, first, h0, outputs);
      multiply_states(state_product(rows, r.sums, r.units, h.stride), h.data, kernel, recurrent, scratch);
      for (int64_t row = 0; row < rows; ++row) {
        const int64_t at = (first + row) * r.steps + r.time(step);
        if (mask[at]) {
          step_row(r.units, z + at * r.sums, recurrent + row * r.sums, bias, h.row(row), kept + at * keeps, outputs + at * r.units);
        } else {
          __builtin_memcpy(outputs + at * r.units, h.row(row), static_cast<size_t>(r.units) * sizeof(T));
          __builtin_memset(kept + at * keeps, 0, static_cast<size_t>(keeps) * sizeof(T));
        }
      }
    }
  }
}

// What arrives at the sums of one row's step; dh is what arrives at its result and becomes the part that reaches the state
// before without the sums.
template <class T>
GM_INLINE void step_back_row(int64_t units, const T* kept, const T* state, T* dh, T* dz, T* d_recurrent) {
  typedef Lanes<T> L;
  typedef typename L::Vector V;
  for_lanes<T>(units, [&](int64_t j, int64_t n) {
    const V u = L::read(kept + j, n), r = L::read(kept + units + j, n), g = L::read(kept + 2 * units + j, n);
    const V inner = L::read(kept + 3 * units + j, n), d = L::read(dh + j, n), one = V(1);
    const V d_u = d * (L::read(state + j, n) - g) * (u * (one - u));
    const V d_g = d * (one - u) * (one - g * g), d_r = d_g * inner * (r * (one - r));
    L::write(dz + j, d_u, n);
    L::write(dz + units + j, d_r, n);
    L::write(dz + 2 * units + j, d_g, n);
    L::write(d_recurrent + j, d_u, n);
    L::write(d_recurrent + units + j, d_r, n);
    L::write(d_recurrent + 2 * units + j, d_g * r, n);
    L::write(dh + j, d * u, n);
  });
}

template <class T>
void run_back(const KernelCall& call) {
  const Recurrence& r = parameters_of<Recurrence>(call);
  const auto input = [&](int i) { return static_cast<const T*>(call.buffers[i]); };
  const T *d_outputs = input(0), *kept = input(1), *outputs = input(2), *kernel = input(3), *h0 = input(4);
  const bool* mask = static_cast<const bool*>(call.buffers[5]);
  T *dz = static_cast<T*>(call.buffers[6]), *d_recurrent = static_cast<T*>(call.buffers[7]), *dh0 = static_cast<T*>(call.buffers[8]);
  T* const transposed = reinterpret_cast<T*>(call.worker_scratch);
  T* const through = transposed + round_to_line<T>(r.units * r.sums);  // what arrives by way of the sums
  void* const scratch = through + round_to_line<T>(rows_of_a_unit * r.units);
  transpose_kernel(r, kernel, transposed);
  const size_t sums_bytes = static_cast<size_t>(r.sums) * sizeof(T);
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const int64_t first = r.rows_before(unit), rows = r.rows_before(unit + 1) - first;
    T* dh = dh0 + first * r.units;  // becomes what arrives at the first state
    __builtin_memset(dh, 0, static_cast<size_t>(rows * r.units) * sizeof(T));
    for (int64_t step = r.steps - 1; step >= 0; --step) {
      const int64_t t = r.time(step);
      const States<T> h = states_before_step(r, step, first, h0, outputs);
      for (int64_t row = 0; row < rows; ++row) {
        const int64_t at = (first + row) * r.steps + t;
        add_row(r.units, d_outputs + at * r.units, dh + row * r.units);
        if (mask[at]) {
          step_back_row(r.units, kept + at * kept_of_a_unit * r.units, h.row(row), dh + row * r.units, dz + at * r.sums,
                        d_recurrent + at * r.sums);
        } else {
          __builtin_memset(dz + at * r.sums, 0, sums_bytes);
          __builtin_memset(d_recurrent + at * r.sums, 0, sums_bytes);
        }
      }
      multiply_states(state_product(rows, r.units, r.sums, r.steps * r.sums), d_recurrent + (first * r.steps + t) * r.sums,
                      transposed, through, scratch);
      for (int64_t row = 0; row < rows; ++row) {
        if (mask[(first + row) * r.steps + t]) add_row(r.units, through + row * r.units, dh + row * r.units);
      }
    }
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  describe_recurrence(problem, problem.outputs[0], sums_of_a_unit, plan);
  plan_recurrence(problem, plan, run<float>, run<double>);
}

void prepare_back(const KernelProblem& problem, KernelPlan& plan) {
  describe_recurrence(problem, problem.inputs[2], sums_of_a_unit, plan);
  plan_recurrence_back(problem, plan, run_back<float>, run_back<double>);
}

}  // namespace

void gru_kernels(KernelList& list) {
  static const Kernel kernel{"rows of the batch", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

void gru_backward_kernels(KernelList& list) {
  static const Kernel kernel{"rows of the batch", refuse_other_than_floats, prepare_back};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
