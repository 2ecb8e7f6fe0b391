#include "ops/recurrent/recurrence_walk_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t gates = 4;  // i, f, g, o

// One step of one row. The two loops are two short chains of operations instead of a long one, of which the processor
// would see too few at once.
template <class T>
GM_INLINE void step_row(int64_t units, const T* sums, const T* cell, T* gate_to, T* cell_to, T* to) {
  typedef Lanes<T> L;
  L::along(units, [&](int64_t j, int64_t n) {
    const auto sum = [&](int64_t gate) { return L::read(sums + gate * units + j, n); };
    const auto i = functor::sigmoid::value(sum(0)), f = functor::sigmoid::value(sum(1));
    const auto g = functor::tanh::value(sum(2)), o = functor::sigmoid::value(sum(3));
    const auto c = f * L::read(cell + j, n) + i * g;
    L::write(gate_to + j, i, n);
    L::write(gate_to + units + j, f, n);
    L::write(gate_to + 2 * units + j, g, n);
    L::write(gate_to + 3 * units + j, o, n);
    L::write(cell_to + j, c, n);
  });
  L::along(units, [&](int64_t j, int64_t n) {
    L::write(to + j, L::read(gate_to + 3 * units + j, n) * functor::tanh::value(L::read(cell_to + j, n)), n);
  });
}

template <class T>
void run(const KernelCall& call) {
  const Recurrence& r = parameters_of<Recurrence>(call);
  const auto input = [&](int i) { return static_cast<const T*>(call.buffers[i]); };
  const auto output = [&](int i) { return static_cast<T*>(call.buffers[7 + i]); };
  const T *h0 = input(4), *c0 = input(5);
  T *outputs = output(0), *cells = output(1), *kept = output(2);
  const auto run_row = [&](const Place& place, const T*, const T* sums) {
    step_row(r.units, sums, state_before(r, place, c0, cells), kept + place.at * r.sums, cells + place.at * r.units,
             outputs + place.at * r.units);
  };
  const auto keep_row = [&](const Place& place, const T* h) {
    copy_row(r.units, h, outputs + place.at * r.units);
    copy_row(r.units, state_before(r, place, c0, cells), cells + place.at * r.units);
    clear_rows(r.sums, kept + place.at * r.sums);
  };
  walk_forward(call, input(0), Weights<const T>{input(1), input(2), input(3)}, static_cast<const bool*>(call.buffers[6]), h0,
               outputs, run_row, keep_row);
}

// What arrives at the sums of one row's step and at the cell before; dh and dc are what arrives at the step's results, and
// dc becomes what arrives at the cell before.
template <class T>
GM_INLINE void step_back_row(int64_t units, const T* gate, const T* cell, const T* cell_before, const T* dh, T* dc, T* dz) {
  typedef Lanes<T> L;
  typedef typename L::Vector V;
  L::along(units, [&](int64_t j, int64_t n) {
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
  const auto output = [&](int i) { return static_cast<T*>(call.buffers[11 + i]); };
  const T *d_cells = input(1), *c0 = input(6), *cells = input(8), *kept = input(9);
  T* const dc0 = output(5);  // what arrives at each row's cell, in the end at the first
  const auto cell_gradient = [&](const Place& place) {
    T* const dc = dc0 + place.row * r.units;
    if (place.step == r.steps - 1) copy_row(r.units, d_cells + place.at * r.units, dc);
    else add_row(r.units, d_cells + place.at * r.units, dc);
    return dc;
  };
  const auto run_row = [&](const Place& place, const T*, const T* dh, T* dz) {
    step_back_row(r.units, kept + place.at * r.sums, cells + place.at * r.units, state_before(r, place, c0, cells), dh,
                  cell_gradient(place), dz);
  };
  const auto join = [&](T* dh, const T* through) { copy_row(r.units, through, dh); };
  walk_back(call,
            BackBuffers<T>{input(0), input(2), input(3), input(4), input(5), input(7),
                           static_cast<const bool*>(call.buffers[10]), output(0), output(4), {output(1), output(2), output(3)}},
            run_row, cell_gradient, join);
}

void add_blocks(Recurrence& r) {
  add_block(r, gates * r.units, 0, r.terms(), 0, 0, 1);
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  prepare_forward(problem, plan, run<float>, run<double>, add_blocks);
}

void prepare_backward(const KernelProblem& problem, KernelPlan& plan) {
  prepare_back(problem, plan, 2, run_back<float>, run_back<double>, add_blocks);
}

}  // namespace

void lstm_kernels(KernelList& list) {
  static const Kernel kernel{"rows of the batch", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

void lstm_backward_kernels(KernelList& list) {
  static const Kernel kernel{"rows of the batch", refuse_other_than_floats, prepare_backward};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
