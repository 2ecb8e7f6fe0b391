#include "ops/recurrent/recurrence_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t gates = 4;  // i, f, g, o

// One step of one row: `sums` are those of the inputs, `recurrent` those of the states.
template <class T>
GM_INLINE void step_row(int64_t units, const T* sums, const T* recurrent, const T* cell, T* gate_to, T* cell_to, T* to) {
  typedef Lanes<T> L;
  for_lanes<T>(units, [&](int64_t j, int64_t n) {
    const auto sum = [&](int64_t gate) {
      return L::read(sums + gate * units + j, n) + L::read(recurrent + gate * units + j, n);
    };
    const auto i = functor::sigmoid::value(sum(0)), f = functor::sigmoid::value(sum(1));
    const auto g = functor::tanh::value(sum(2)), o = functor::sigmoid::value(sum(3));
    const auto c = f * L::read(cell + j, n) + i * g;
    L::write(gate_to + j, i, n);
    L::write(gate_to + units + j, f, n);
    L::write(gate_to + 2 * units + j, g, n);
    L::write(gate_to + 3 * units + j, o, n);
    L::write(cell_to + j, c, n);
    L::write(to + j, o * functor::tanh::value(c), n);
  });
}

template <class T>
void run(const KernelCall& call) {
  const Recurrence& r = parameters_of<Recurrence>(call);
  const auto input = [&](int i) { return static_cast<const T*>(call.buffers[i]); };
  const T *z = input(0), *kernel = input(1), *h0 = input(2), *c0 = input(3);
  const bool* mask = static_cast<const bool*>(call.buffers[4]);
  T *outputs = static_cast<T*>(call.buffers[5]), *cells = static_cast<T*>(call.buffers[6]), *kept = static_cast<T*>(call.buffers[7]);
  T* const recurrent = reinterpret_cast<T*>(call.worker_scratch);
  void* const scratch = recurrent + round_to_line<T>(rows_of_a_unit * r.sums);
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const int64_t first = r.rows_before(unit), rows = r.rows_before(unit + 1) - first;
    for (int64_t step = 0; step < r.steps; ++step) {
      const States<T> h = states_before_step(r, step, first, h0, outputs), c = states_before_step(r, step, first, c0, cells);
      multiply_states(state_product(rows, r.sums, r.units, h.stride), h.data, kernel, recurrent, scratch);
      for (int64_t row = 0; row < rows; ++row) {
        const int64_t at = (first + row) * r.steps + r.time(step);
        T *to = outputs + at * r.units, *cell_to = cells + at * r.units, *gate_to = kept + at * r.sums;
        if (mask[at]) {
          step_row(r.units, z + at * r.sums, recurrent + row * r.sums, c.row(row), gate_to, cell_to, to);
          continue;
        }
        __builtin_memcpy(to, h.row(row), static_cast<size_t>(r.units) * sizeof(T));
        __builtin_memcpy(cell_to, c.row(row), static_cast<size_t>(r.units) * sizeof(T));
        __builtin_memset(gate_to, 0, static_cast<size_t>(r.sums) * sizeof(T));
      }
    }
  }
}

// What arrives at the sums of one row's step and at the cell before; dh and dc are what arrives at the step's results, and
// dc becomes what arrives at the cell before.
template <class T>
GM_INLINE void step_back_row(int64_t units, const T* gate, const T* cell, const T* cell_before, const T* dh, T* dc, T* dz) {
  typedef Lanes<T> L;
  typedef typename L::Vector V;
  for_lanes<T>(units, [&](int64_t j, int64_t n) {
    const V i = L::read(gate + j, n), f = L::read(gate + units + j, n);
    const V g = L::read(gate + 2 * units + j, n), o = L::read(gate + 3 * units + j, n);
    const V active = functor::tanh::value(L::read(cell + j, n)), d_output = L::read(dh + j, n), one = V(1);
    const V d_cell = L::read(dc + j, n) + d_output * o * (one - active * active);
    L::write(dz + j, d_cell * g * (i * (one - i)), n);
    L::write(dz + units + j, d_cell * L::read(cell_before + j, n) * (f * (one - f)), n);
    L::write(dz + 2 * units + j, d_cell * i * (one - g * g), n);
    L::write(dz + 3 * units + j, d_output * active * (o * (one - o)), n);
    L::write(dc + j, d_cell * f, n);
  });
}

template <class T>
void run_back(const KernelCall& call) {
  const Recurrence& r = parameters_of<Recurrence>(call);
  const auto input = [&](int i) { return static_cast<const T*>(call.buffers[i]); };
  const T *d_outputs = input(0), *d_cells = input(1), *kept = input(2), *cells = input(3), *kernel = input(4), *c0 = input(5);
  const bool* mask = static_cast<const bool*>(call.buffers[6]);
  T *dz = static_cast<T*>(call.buffers[7]), *dh0 = static_cast<T*>(call.buffers[8]), *dc0 = static_cast<T*>(call.buffers[9]);
  T* const transposed = reinterpret_cast<T*>(call.worker_scratch);
  T* const through = transposed + round_to_line<T>(r.units * r.sums);  // what arrives by way of the sums
  void* const scratch = through + round_to_line<T>(rows_of_a_unit * r.units);
  transpose_kernel(r, kernel, transposed);
  const size_t line = static_cast<size_t>(r.units) * sizeof(T);
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const int64_t first = r.rows_before(unit), rows = r.rows_before(unit + 1) - first;
    T *dh = dh0 + first * r.units, *dc = dc0 + first * r.units;  // they become what arrives at the first states
    __builtin_memset(dh, 0, line * static_cast<size_t>(rows));
    __builtin_memset(dc, 0, line * static_cast<size_t>(rows));
    for (int64_t step = r.steps - 1; step >= 0; --step) {
      const int64_t t = r.time(step);
      const States<T> c = states_before_step(r, step, first, c0, cells);
      for (int64_t row = 0; row < rows; ++row) {
        const int64_t at = (first + row) * r.steps + t;
        add_row(r.units, d_outputs + at * r.units, dh + row * r.units);
        add_row(r.units, d_cells + at * r.units, dc + row * r.units);
        if (mask[at]) {
          step_back_row(r.units, kept + at * r.sums, cells + at * r.units, c.row(row), dh + row * r.units, dc + row * r.units,
                        dz + at * r.sums);
        } else {
          __builtin_memset(dz + at * r.sums, 0, static_cast<size_t>(r.sums) * sizeof(T));
        }
      }
      multiply_states(state_product(rows, r.units, r.sums, r.steps * r.sums), dz + (first * r.steps + t) * r.sums, transposed,
                      through, scratch);
      for (int64_t row = 0; row < rows; ++row) {
        if (mask[(first + row) * r.steps + t]) __builtin_memcpy(dh + row * r.units, through + row * r.units, line);
      }
    }
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  describe_recurrence(problem, problem.outputs[0], gates, plan);
  plan_recurrence(problem, plan, run<float>, run<double>);
}

void prepare_back(const KernelProblem& problem, KernelPlan& plan) {
  describe_recurrence(problem, problem.inputs[3], gates, plan);
  plan_recurrence_back(problem, plan, run_back<float>, run_back<double>);
}

}  // namespace

void lstm_kernels(KernelList& list) {
  static const Kernel kernel{"rows of the batch", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

void lstm_backward_kernels(KernelList& list) {
  static const Kernel kernel{"rows of the batch", refuse_other_than_floats, prepare_back};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
