// average_pool: rows of the result are the units. average_pool_gradient: rows of dx are, each element of which gathers
// from the windows over it; so both only read and write, and nothing is added in memory.
#include "ops/pooling/pooling_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

// to = the sum of weight * from over the places, or that added to `to`.
template <class T>
struct WeightedPlaces {
  PlaceList places;
  T weights[most_places];

  GM_INLINE void add(int64_t offset, T weight) {
    places.offsets[places.count] = offset;
    weights[places.count++] = weight;
  }

  template <int fixed>
  GM_INLINE void sum_fixed(const T* from, bool continued, T* to, int64_t channels) const {
    typedef typename Lanes<T>::Vector V;
    const int count = fixed ? fixed : places.count;
    for (int64_t c = 0; c < channels; c += Lanes<T>::count) {
      const int64_t left = channels - c;
      V sum = continued ? load_channels(static_cast<const T*>(to) + c, left, T(0)) : V(T(0));
      for (int i = 0; i < count; ++i) {
        sum = sum + load_channels(from + places.offsets[i] + c, left, T(0)) * V(weights[i]);
      }
      store_channels(to + c, sum, left);
    }
  }

  GM_INLINE void sum(const T* from, bool continued, T* to, int64_t channels) const {
    if (places.count == 4) {
      sum_fixed<4>(from, continued, to, channels);
    } else if (places.count == 1) {
      sum_fixed<1>(from, continued, to, channels);
    } else {
      sum_fixed<0>(from, continued, to, channels);
    }
  }
};

// What a window of these ranges is divided by.
GM_INLINE int64_t divisor(const PoolingPlan& p, Range outer, Range middle, Range inner) {
  return p.include_padding ? p.window[0] * p.window[1] * p.window[2] : outer.size() * middle.size() * inner.size();
}

template <class T>
void run(const KernelCall& call) {
  const auto& p = parameters_of<PoolingPlan>(call);
  const T* x = static_cast<const T*>(call.buffers[0]);
  T* y = static_cast<T*>(call.buffers[1]);
  WeightedPlaces<T> list;
  for (int64_t row = call.begin * p.rows_per_unit; row < lesser(call.end * p.rows_per_unit, p.rows); ++row) {
    const int64_t m = row % p.out[1], o = row / p.out[1] % p.out[0], n = row / p.out[1] / p.out[0];
    const Range outer = elements_under(p, 0, o), middle = elements_under(p, 1, m);
    for (int64_t column = 0; column < p.out[2]; ++column) {
      const Range inner = elements_under(p, 2, column);
      const T weight = T(1) / static_cast<T>(divisor(p, outer, middle, inner));
      T* to = y + (row * p.out[2] + column) * p.channels;
      bool continued = false;
      list.places.count = 0;
      for (int64_t i = outer.from; i < outer.to; ++i) {
        for (int64_t j = middle.from; j < middle.to; ++j) {
          const int64_t start = ((n * p.in[0] + i) * p.in[1] + j) * p.in[2];
          for (int64_t k = inner.from; k < inner.to; ++k) {
            if (list.places.count == most_places) {
              list.sum(x, continued, to, p.channels);
              continued = true;
              list.places.count = 0;
            }
            list.add((start + k) * p.channels, weight);
          }
        }
      }
      list.sum(x, continued, to, p.channels);
    }
  }
}

// A row of dx whose elements lie under one window each, or under none.
template <class T>
void spread_row(const PoolingPlan& p, const T* dy, int64_t n, Range outer, Range middle, T* to) {
  const bool under = outer.size() > 0 && middle.size() > 0;
  if (!under || !p.covering) __builtin_memset(to, 0, p.in[2] * p.channels * sizeof(T));
  if (!under) return;
  const Range rows = elements_under(p, 0, outer.from), planes = elements_under(p, 1, middle.from);
  const T* from = dy + ((n * p.out[0] + outer.from) * p.out[1] + middle.from) * p.out[2] * p.channels;
  for (int64_t k = 0; k < p.out[2]; ++k) {
    const Range columns = elements_under(p, 2, k);
    const T weight = T(1) / static_cast<T>(divisor(p, rows, planes, columns));
    for (int64_t c = 0; c < p.channels; c += Lanes<T>::count) {
      const int64_t left = p.channels - c;
      const auto value = load_channels(from + k * p.channels + c, left, T(0)) * typename Lanes<T>::Vector(weight);
      for (int64_t i = columns.from; i < columns.to; ++i) store_channels(to + i * p.channels + c, value, left);
    }
  }
}

template <class T>
void run_gradient(const KernelCall& call) {
  const auto& p = parameters_of<PoolingPlan>(call);
  const T* dy = static_cast<const T*>(call.buffers[0]);
  T* dx = static_cast<T*>(call.buffers[1]);
  WeightedPlaces<T> list;
  for (int64_t row = call.begin * p.rows_per_unit; row < lesser(call.end * p.rows_per_unit, p.rows); ++row) {
    const int64_t m = row % p.in[1], o = row / p.in[1] % p.in[0], n = row / p.in[1] / p.in[0];
    const Range outer = windows_over(p, 0, o, o + 1), middle = windows_over(p, 1, m, m + 1);
    if (!p.overlapping) {
      spread_row(p, dy, n, outer, middle, dx + row * p.in[2] * p.channels);
      continue;
    }
    for (int64_t column = 0; column < p.in[2]; ++column) {
      const Range inner = windows_over(p, 2, column, column + 1);
      T* to = dx + (row * p.in[2] + column) * p.channels;
      bool continued = false;
      list.places.count = 0;
      for (int64_t i = outer.from; i < outer.to; ++i) {
        const Range i_range = elements_under(p, 0, i);
        for (int64_t j = middle.from; j < middle.to; ++j) {
          const Range j_range = elements_under(p, 1, j);
          const int64_t start = ((n * p.out[0] + i) * p.out[1] + j) * p.out[2];
          for (int64_t k = inner.from; k < inner.to; ++k) {
            if (list.places.count == most_places) {
              list.sum(dy, continued, to, p.channels);
              continued = true;
              list.places.count = 0;
            }
            const int64_t size = divisor(p, i_range, j_range, elements_under(p, 2, k));
            list.add((start + k) * p.channels, T(1) / static_cast<T>(size));
          }
        }
      }
      list.sum(dy, continued, to, p.channels);
    }
  }
}

void set_rows(const KernelProblem& problem, KernelPlan& plan, const int64_t* sizes, int64_t places,
              KernelFunction function) {
  auto& p = parameters_of<PoolingPlan>(plan);
  p.rows = p.batch * sizes[0] * sizes[1];
  p.rows_per_unit = greater(1, 16384 / (sizes[2] * p.channels * lesser(places, 16)));
  set_units(plan, function, divide_up(p.rows, p.rows_per_unit),
            static_cast<double>(problem.outputs[0].elements) * static_cast<double>(places));
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const BufferType &x = problem.inputs[0], &y = problem.outputs[0];
  const auto& attributes = *static_cast<const AveragePoolAttributes*>(problem.attributes);
  auto& p = parameters_of<PoolingPlan>(plan);
  read_windows(p, x, y, attributes);
  p.include_padding = attributes.count_include_padding;
  set_rows(problem, plan, p.out, p.window[0] * p.window[1] * p.window[2],
           x.dtype == DType::float32 ? run<float> : run<double>);
}

void prepare_gradient(const KernelProblem& problem, KernelPlan& plan) {
  const BufferType &dy = problem.inputs[0], &dx = problem.outputs[0];
  const auto& attributes = *static_cast<const AveragePoolGradientAttributes*>(problem.attributes);
  auto& p = parameters_of<PoolingPlan>(plan);
  read_windows(p, dx, dy, attributes);
  p.include_padding = attributes.count_include_padding;
  int64_t places = 1;
  for (int i = 0; i < 3; ++i) places *= divide_up(p.window[i], p.stride[i]);
  set_rows(problem, plan, p.in, places, dy.dtype == DType::float32 ? run_gradient<float> : run_gradient<double>);
}

}  // namespace

void average_pool_kernels(KernelList& list) {
  static const Kernel kernel{"rows", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

void average_pool_gradient_kernels(KernelList& list) {
  static const Kernel kernel{"rows", refuse_other_than_floats, prepare_gradient};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
