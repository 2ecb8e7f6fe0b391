#include "ops/recurrent/recurrence_walk_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

// u, r, g; and what the states give to g if its reset comes behind the product
GM_INLINE int64_t kept_of_a_row(const Recurrence& r) { return (r.resets > 0 ? 3 : 4) * r.units; }

// One step of one row. The sums: of the inputs for g, of both for u and r, of the states for g.
template <class T>
GM_INLINE void step_row(int64_t units, const T* sums, const T* state, T* kept, T* to) {
  typedef Lanes<T> L;
  L::along(units, [&](int64_t j, int64_t n) {
    const auto sum = [&](int64_t part) { return L::read(sums + part * units + j, n); };
    const auto u = functor::sigmoid::value(sum(1)), r = functor::sigmoid::value(sum(2));
    const auto inner = sum(3), g = functor::tanh::value(sum(0) + r * inner);
    L::write(kept + j, u, n);
    L::write(kept + units + j, r, n);
    L::write(kept + 2 * units + j, g, n);
    L::write(kept + 3 * units + j, inner, n);
    L::write(to + j, g + u * (L::read(state + j, n) - g), n);
  });
}

// The same with the reset before the product, in two parts. The first leaves q; then the last sum is there, too.
template <class T>
GM_INLINE void reset_row(int64_t units, const T* sums, const T* state, T* kept, T* q) {
  typedef Lanes<T> L;
  L::along(units, [&](int64_t j, int64_t n) {
    const auto r = functor::sigmoid::value(L::read(sums + units + j, n));
    L::write(kept + j, functor::sigmoid::value(L::read(sums + j, n)), n);
    L::write(kept + units + j, r, n);
    L::write(q + j, r * L::read(state + j, n), n);
  });
}

template <class T>
GM_INLINE void step_row_after_reset(int64_t units, const T* sums, const T* state, T* kept, T* to) {
  typedef Lanes<T> L;
  L::along(units, [&](int64_t j, int64_t n) {
    const auto g = functor::tanh::value(L::read(sums + 2 * units + j, n));
    L::write(kept + 2 * units + j, g, n);
    L::write(to + j, g + L::read(kept + j, n) * (L::read(state + j, n) - g), n);
  });
}

template <class T>
void run(const KernelCall& call) {
  const Recurrence& r = parameters_of<Recurrence>(call);
  const auto input = [&](int i) { return static_cast<const T*>(call.buffers[i]); };
  T *outputs = static_cast<T*>(call.buffers[6]), *kept = static_cast<T*>(call.buffers[7]);
  const int64_t keeps = kept_of_a_row(r);
  const auto run_row = [&](const Place& place, const T* h, const T* sums) {
    T *const kept_here = kept + place.at * keeps, *const to = outputs + place.at * r.units;
    r.resets > 0 ? step_row_after_reset(r.units, sums, h, kept_here, to) : step_row(r.units, sums, h, kept_here, to);
  };
  const auto reset = [&](const Place& place, const T* h, const T* sums, T* q) {
    reset_row(r.units, sums, h, kept + place.at * keeps, q);
  };
  const auto keep_row = [&](const Place& place, const T* h) {
    copy_row(r.units, h, outputs + place.at * r.units);
    clear_rows(keeps, kept + place.at * keeps);
  };
  walk_forward(call, input(0), Weights<const T>{input(1), input(2), input(3)}, static_cast<const bool*>(call.buffers[5]),
               input(4), outputs, run_row, keep_row, reset);
}

// What arrives at the sums of one row's step; dh is what arrives at its result and becomes the part that reaches the state
// before without the sums.
template <class T>
GM_INLINE void step_back_row(int64_t units, const T* kept, const T* state, T* dh, T* d_sums) {
  typedef Lanes<T> L;
  typedef typename L::Vector V;
  L::along(units, [&](int64_t j, int64_t n) {
    const V u = L::read(kept + j, n), r = L::read(kept + units + j, n), g = L::read(kept + 2 * units + j, n);
    const V inner = L::read(kept + 3 * units + j, n), d = L::read(dh + j, n), one = V(1);
    const V d_g = d * (one - u) * (one - g * g);
    L::write(d_sums + j, d_g, n);
    L::write(d_sums + units + j, d * (L::read(state + j, n) - g) * (u * (one - u)), n);
    L::write(d_sums + 2 * units + j, d_g * inner * (r * (one - r)), n);
    L::write(d_sums + 3 * units + j, d_g * r, n);
    L::write(dh + j, d * u, n);
  });
}

// The same with the reset before the product, in two parts; d_q is what arrives at q by way of the sums for g.
template <class T>
GM_INLINE void step_back_row_after_reset(int64_t units, const T* kept, const T* state, T* dh, T* d_sums) {
  typedef Lanes<T> L;
  typedef typename L::Vector V;
  L::along(units, [&](int64_t j, int64_t n) {
    const V u = L::read(kept + j, n), g = L::read(kept + 2 * units + j, n), d = L::read(dh + j, n), one = V(1);
    L::write(d_sums + j, d * (L::read(state + j, n) - g) * (u * (one - u)), n);
    L::write(d_sums + 2 * units + j, d * (one - u) * (one - g * g), n);
    L::write(dh + j, d * u, n);
  });
}

template <class T>
GM_INLINE void reset_back_row(int64_t units, const T* kept, const T* state, const T* d_q, T* dh, T* d_sums, T* q) {
  typedef Lanes<T> L;
  typedef typename L::Vector V;
  L::along(units, [&](int64_t j, int64_t n) {
    const V r = L::read(kept + units + j, n), h = L::read(state + j, n), d = L::read(d_q + j, n), one = V(1);
    L::write(d_sums + units + j, d * h * (r * (one - r)), n);
    L::write(dh + j, L::read(dh + j, n) + d * r, n);
    L::write(q + j, r * h, n);
  });
}

template <class T>
void run_back(const KernelCall& call) {
  const Recurrence& r = parameters_of<Recurrence>(call);
  const auto input = [&](int i) { return static_cast<const T*>(call.buffers[i]); };
  const auto output = [&](int i) { return static_cast<T*>(call.buffers[8 + i]); };
  const T* kept = input(6);
  const int64_t keeps = kept_of_a_row(r);
  const auto run_row = [&](const Place& place, const T* h, T* dh, T* d_sums) {
    const T* const kept_here = kept + place.at * keeps;
    r.resets > 0 ? step_back_row_after_reset(r.units, kept_here, h, dh, d_sums)
                 : step_back_row(r.units, kept_here, h, dh, d_sums);
  };
  const auto reset = [&](const Place& place, const T* h, const T* d_q, T* dh, T* d_sums, T* q) {
    reset_back_row(r.units, kept + place.at * keeps, h, d_q, dh, d_sums, q);
  };
  const auto join = [&](T* dh, const T* through) { add_row(r.units, through, dh); };
  walk_back(call,
            BackBuffers<T>{input(0), input(1), input(2), input(3), input(4), input(5),
                           static_cast<const bool*>(call.buffers[7]), output(0), output(4), {output(1), output(2), output(3)}},
            run_row, [](const Place&) {}, join, reset);
}

void add_blocks_with_reset(Recurrence& r) {
  r.resets = r.units;
  add_block(r, 2 * r.units, r.resets, r.features + 1 + r.units, 0, 0, 1);
  add_block(r, r.units, 0, r.one() + 1, 2 * r.units, 0, 1);
}

void add_blocks(Recurrence& r) {
  r.x_shift = 2 * r.units;
  add_block(r, r.units, 0, r.features + 1, 2 * r.units, 0, 1);
  add_block(r, 2 * r.units, 0, r.terms(), 0, 0, 2);
  add_block(r, r.units, r.features, 1 + r.units, 2 * r.units, 1, 1);
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const bool reset_after = static_cast<const RecurrenceAttributes*>(problem.attributes)->reset_after;
  prepare_forward(problem, plan, run<float>, run<double>, reset_after ? add_blocks : add_blocks_with_reset);
}

void prepare_backward(const KernelProblem& problem, KernelPlan& plan) {
  const bool reset_after = static_cast<const RecurrenceBackAttributes*>(problem.attributes)->reset_after;
  prepare_back(problem, plan, 1, run_back<float>, run_back<double>, reset_after ? add_blocks : add_blocks_with_reset);
}

}  // namespace

void gru_kernels(KernelList& list) {
  static const Kernel kernel{"rows of the batch", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

void gru_backward_kernels(KernelList& list) {
  static const Kernel kernel{"rows of the batch", refuse_other_than_floats, prepare_backward};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
