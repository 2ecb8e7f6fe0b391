// resample and its adjoint. Phase 0 writes the table of weights; phase 1 makes rows of the result: everything behind
// the axis is dense on both sides, so a row is a weighted sum of rows.
#include "cpu/row_math.h"
#include "ops/image/resample.h"
#include "ops/image/resample_weights.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Span {
  int32_t first, count;
};

struct Parameters {
  AxisSplit split;  // of what is read
  int64_t made;     // places along the axis of what is written
  ResampleFilter filter;
  int64_t taps, rows, rows_per_unit;
};

// The table in shared scratch: for each place of the resampled axis its elements and their weights; for the adjoint
// also which places each element takes part in.
template <class T>
struct Table {
  Span* elements;
  Span* places;
  T* weights;

  GM_INLINE Table(const Parameters& p, char* scratch)
      : elements(reinterpret_cast<Span*>(scratch)),
        places(elements + p.filter.output),
        weights(reinterpret_cast<T*>(places + p.filter.input)) {}
};

template <class T>
void make_table(const Parameters& p, const Table<T>& table) {
  for (int64_t i = 0; i < p.filter.input; ++i) table.places[i] = {0, 0};
  for (int64_t j = 0; j < p.filter.output; ++j) {
    int64_t count;
    const int64_t first = weights_of_place(p.filter, j, table.weights + j * p.taps, &count);
    table.elements[j] = {static_cast<int32_t>(first), static_cast<int32_t>(count)};
    for (int64_t i = first; i < first + count; ++i) {
      Span& span = table.places[i];
      if (span.count == 0) span.first = static_cast<int32_t>(j);
      span.count = static_cast<int32_t>(j + 1 - span.first);
    }
  }
}

// to += weight * from, or = when it is the first.
template <class T>
GM_INLINE void add_row(const T* from, T weight, bool first, T* to, int64_t n) {
  typedef typename Lanes<T>::Vector V;
  constexpr int64_t lanes = Lanes<T>::count;
  int64_t c = 0;
  for (; c + lanes <= n; c += lanes) {
    const V part = load(from + c) * V(weight);
    store(to + c, first ? part : load(static_cast<const T*>(to) + c) + part);
  }
  for (; c < n; ++c) to[c] = first ? from[c] * weight : to[c] + from[c] * weight;
}

template <class T>
GM_INLINE void blend_rows(const T* a, T weight_a, const T* b, T weight_b, T* to, int64_t n) {
  typedef typename Lanes<T>::Vector V;
  constexpr int64_t lanes = Lanes<T>::count;
  int64_t c = 0;
  for (; c + lanes <= n; c += lanes) store(to + c, load(a + c) * V(weight_a) + load(b + c) * V(weight_b));
  for (; c < n; ++c) to[c] = a[c] * weight_a + b[c] * weight_b;
}

template <class T>
GM_INLINE void copy_or_scale(const T* from, T weight, T* to, int64_t n) {
  if (weight == T(1)) {
    __builtin_memcpy(to, from, n * sizeof(T));
  } else {
    add_row(from, weight, true, to, n);
  }
}

template <bool adjoint, class T>
void run(const KernelCall& call) {
  const auto& p = parameters_of<Parameters>(call);
  const Table<T> table(p, call.shared_scratch);
  if (call.phase == 0) {
    make_table(p, table);
    return;
  }
  const T* x = static_cast<const T*>(call.buffers[0]);
  T* y = static_cast<T*>(call.buffers[1]);
  const int64_t inner = p.split.inner;
  for (int64_t row = call.begin * p.rows_per_unit; row < lesser(call.end * p.rows_per_unit, p.rows); ++row) {
    const int64_t place = row % p.made;
    const T* from = x + row / p.made * p.split.length * inner;
    T* to = y + row * inner;
    const Span span = adjoint ? table.places[place] : table.elements[place];
    if (span.count == 0) {
      __builtin_memset(to, 0, inner * sizeof(T));
      continue;
    }
    if (!adjoint && span.count == 2) {
      const T* weights = table.weights + place * p.taps;
      blend_rows(from + span.first * inner, weights[0], from + (span.first + 1) * inner, weights[1], to, inner);
      continue;
    }
    bool first = true;
    for (int64_t k = span.first; k < span.first + span.count; ++k) {
      T weight;
      if (adjoint) {
        const int64_t element = place - table.elements[k].first;
        weight = element >= 0 && element < table.elements[k].count ? table.weights[k * p.taps + element] : T(0);
      } else {
        weight = table.weights[place * p.taps + (k - span.first)];
      }
      if (first) {
        copy_or_scale(from + k * inner, weight, to, inner);
      } else {
        add_row(from + k * inner, weight, false, to, inner);
      }
      first = false;
    }
  }
}

template <bool adjoint, class A>
void prepare_rows(const KernelProblem& problem, KernelPlan& plan) {
  const BufferType &x = problem.inputs[0], &y = problem.outputs[0];
  const A& a = *static_cast<const A*>(problem.attributes);
  auto& p = parameters_of<Parameters>(plan);
  const bool single = x.dtype == DType::float32;
  p.split = split_at(x.dims, x.rank, a.axis);
  p.made = y.dims[a.axis < 0 ? a.axis + x.rank : a.axis];
  const int64_t input = adjoint ? p.made : p.split.length, output = adjoint ? p.split.length : p.made;
  p.filter = resample_filter(resample_method(a.method.c_str()), input, output, a.antialias);
  p.taps = most_taps(p.filter);
  p.rows = p.split.outer * p.made;
  p.rows_per_unit = greater(1, 16384 / p.split.inner);
  const double operations = static_cast<double>(adjoint ? x.elements : y.elements) * static_cast<double>(p.taps);
  set_units(plan, single ? run<adjoint, float> : run<adjoint, double>, 1, operations);
  plan.phases = 2;
  plan.units[1] = divide_up(p.rows, p.rows_per_unit);
  plan.shared_scratch_bytes = (input + output) * sizeof(Span) + output * p.taps * (single ? sizeof(float) : sizeof(double));
}

}  // namespace

void resample_kernels(KernelList& list) {
  static const Kernel kernel{"rows", refuse_other_than_floats, prepare_rows<false, ResampleAttributes>};
  add_kernel(list, &kernel);
}

void resample_gradient_kernels(KernelList& list) {
  static const Kernel kernel{"rows", refuse_other_than_floats, prepare_rows<true, ResampleGradientAttributes>};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
