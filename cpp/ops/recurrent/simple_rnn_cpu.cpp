#include "ops/recurrent/recurrence_walk_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <class T>
void run(const KernelCall& call) {
  typedef Lanes<T> L;
  const Recurrence& r = parameters_of<Recurrence>(call);
  const auto input = [&](int i) { return static_cast<const T*>(call.buffers[i]); };
  T* outputs = static_cast<T*>(call.buffers[6]);
  const auto run_row = [&](const Place& place, const T*, const T* sums) {
    T* const to = outputs + place.at * r.units;
    L::along(r.units, [&](int64_t j, int64_t n) { L::write(to + j, functor::tanh::value(L::read(sums + j, n)), n); });
  };
  const auto keep_row = [&](const Place& place, const T* h) { copy_row(r.units, h, outputs + place.at * r.units); };
  walk_forward(call, input(0), Weights<const T>{input(1), input(2), input(3)}, static_cast<const bool*>(call.buffers[5]),
               input(4), outputs, run_row, keep_row);
}

template <class T>
void run_back(const KernelCall& call) {
  typedef Lanes<T> L;
  const Recurrence& r = parameters_of<Recurrence>(call);
  const auto input = [&](int i) { return static_cast<const T*>(call.buffers[i]); };
  const auto output = [&](int i) { return static_cast<T*>(call.buffers[7 + i]); };
  const T* outputs = input(5);
  const auto run_row = [&](const Place& place, const T*, const T* dh, T* d_sums) {
    const T* const h = outputs + place.at * r.units;
    L::along(r.units, [&](int64_t j, int64_t n) {
      const auto y = L::read(h + j, n);
      L::write(d_sums + j, L::read(dh + j, n) * (typename L::Vector(1) - y * y), n);
    });
  };
  const auto join = [&](T* dh, const T* through) { copy_row(r.units, through, dh); };
  walk_back(call,
            BackBuffers<T>{input(0), input(1), input(2), input(3), input(4), outputs,
                           static_cast<const bool*>(call.buffers[6]), output(0), output(4), {output(1), output(2), output(3)}},
            run_row, [](const Place&) {}, join);
}

void add_blocks(Recurrence& r) {
  add_block(r, r.units, 0, r.terms(), 0, 0, 1);
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  prepare_forward(problem, plan, run<float>, run<double>, add_blocks);
}

void prepare_backward(const KernelProblem& problem, KernelPlan& plan) {
  prepare_back(problem, plan, 1, run_back<float>, run_back<double>, add_blocks);
}

}  // namespace

void simple_rnn_kernels(KernelList& list) {
  static const Kernel kernel{"rows of the batch", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

void simple_rnn_backward_kernels(KernelList& list) {
  static const Kernel kernel{"rows of the batch", refuse_other_than_floats, prepare_backward};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
