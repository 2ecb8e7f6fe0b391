// max_pool: rows of the result are the units. max_pool_gradient: a unit owns a block of dx along the first spatial axis
// and looks at every window that reaches into it, so that no two units add to the same place.
#include "ops/pooling/pooling_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

GM_INLINE Mask is_nan(Vec<float> x) { return x != x; }
GM_INLINE bool is_nan(double x) { return x != x; }
GM_INLINE Mask either(Mask a, Mask b) { return a | b; }
GM_INLINE bool either(bool a, bool b) { return a || b; }
// Whether x is the maximum y of its window; all are when y is NaN.
GM_INLINE Mask reaches(Vec<float> x, Vec<float> y) { return ~(x < y); }
GM_INLINE bool reaches(double x, double y) { return !(x < y); }
GM_INLINE Mask and_not(Mask a, Mask b) { return a & ~b; }
GM_INLINE bool and_not(bool a, bool b) { return a && !b; }

// Where row (o, m) of image n begins.
GM_INLINE int64_t row_offset(const PoolingPlan& p, int64_t n, int64_t o, int64_t m) {
  return ((n * p.in[0] + o) * p.in[1] + m) * p.in[2] * p.channels;
}

// y = the maximum over the places, or over them and y.
template <int fixed, class T>
GM_INLINE void maximum_over(const T* x, const int64_t* offsets, int count, bool continued, T* y, int64_t channels) {
  typedef typename Lanes<T>::Vector V;
  const int places = fixed ? fixed : count;
  for (int64_t c = 0; c < channels; c += Lanes<T>::count) {
    const int64_t left = channels - c;
    V m = continued ? load_channels(y + c, left, T(0)) : load_channels(x + offsets[0] + c, left, T(0));
    auto bad = is_nan(m);
    for (int i = continued ? 0 : 1; i < places; ++i) {
      const V v = load_channels(x + offsets[i] + c, left, T(0));
      bad = either(bad, is_nan(v));
      m = select(m > v, m, v);
    }
    store_channels(y + c, select(bad, V(T(__builtin_nan(""))), m), left);
  }
}

template <class T>
GM_INLINE void maximum_over(const T* x, const PlaceList& list, bool continued, T* y, int64_t channels) {
  if (list.count == 9 && !continued) {
    maximum_over<9>(x, list.offsets, 9, false, y, channels);
  } else if (list.count == 4 && !continued) {
    maximum_over<4>(x, list.offsets, 4, false, y, channels);
  } else {
    maximum_over<0>(x, list.offsets, list.count, continued, y, channels);
  }
}

template <class T>
void run(const KernelCall& call) {
  const auto& p = parameters_of<PoolingPlan>(call);
  const T* x = static_cast<const T*>(call.buffers[0]);
  T* y = static_cast<T*>(call.buffers[1]);
  for (int64_t row = call.begin * p.rows_per_unit; row < lesser(call.end * p.rows_per_unit, p.rows); ++row) {
    const int64_t m = row % p.out[1], o = row / p.out[1] % p.out[0], n = row / p.out[1] / p.out[0];
    const Range outer = elements_under(p, 0, o), middle = elements_under(p, 1, m);
    PlaceList list;
    int64_t last_width = -1, last_begin = 0;
    for (int64_t column = 0; column < p.out[2]; ++column) {
      const Range inner = elements_under(p, 2, column);
      T* to = y + (row * p.out[2] + column) * p.channels;
      if (inner.size() == last_width) {  // the same list, further to the right
        maximum_over(x + (inner.from - last_begin) * p.channels, list, false, to, p.channels);
        continue;
      }
      bool continued = false;
      list.count = 0;
      for (int64_t i = outer.from; i < outer.to; ++i) {
        for (int64_t j = middle.from; j < middle.to; ++j) {
          const int64_t start = row_offset(p, n, i, j);
          for (int64_t k = inner.from; k < inner.to; ++k) {
            if (list.count == most_places) {
              maximum_over(x, list, continued, to, p.channels);
              continued = true;
              list.count = 0;
            }
            list.offsets[list.count++] = start + k * p.channels;
          }
        }
      }
      maximum_over(x, list, continued, to, p.channels);
      last_width = continued ? -1 : inner.size();
      last_begin = inner.from;
    }
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const BufferType &x = problem.inputs[0], &y = problem.outputs[0];
  auto& p = parameters_of<PoolingPlan>(plan);
  read_windows(p, x, y, *static_cast<const PoolingAttributes*>(problem.attributes));
  p.rows = p.batch * p.out[0] * p.out[1];
  const int64_t places = p.window[0] * p.window[1] * p.window[2];
  p.rows_per_unit = greater(1, 16384 / (p.out[2] * p.channels * lesser(places, 16)));
  set_units(plan, x.dtype == DType::float32 ? run<float> : run<double>, divide_up(p.rows, p.rows_per_unit),
            static_cast<double>(y.elements) * static_cast<double>(places));
}

// dy goes to the first place that reaches y. Places before `owned` belong to another unit and are only looked at.
template <int fixed, bool adding, class T>
GM_INLINE void give_to_first(const T* x, const T* y, const T* dy, T* dx, const int64_t* offsets, int count, int owned,
                             int last, int64_t channels) {
  typedef typename Lanes<T>::Vector V;
  const int places = fixed ? fixed : count;
  for (int64_t c = 0; c < channels; c += Lanes<T>::count) {
    const int64_t left = channels - c;
    const V top = load_channels(y + c, left, T(0)), flow = load_channels(dy + c, left, T(0));
    auto taken = top < top;  // nowhere
    for (int i = 0; i < places && i < last; ++i) {
      const auto here = reaches(load_channels(x + offsets[i] + c, left, T(0)), top);
      const V part = select(and_not(here, taken), flow, V(T(0)));
      taken = either(taken, here);
      if (i < owned) continue;
      T* to = dx + offsets[i] + c;
      store_channels(to, adding ? load_channels(static_cast<const T*>(to), left, T(0)) + part : part, left);
    }
  }
}

// The same for windows of any size, one channel at a time.
template <class T>
void search_window(const PoolingPlan& p, const T* x, const T* y, const T* dy, T* dx, int64_t n, Range owned, Range outer,
                   Range middle, Range inner) {
  for (int64_t c = 0; c < p.channels; ++c) {
    bool found = false;
    for (int64_t i = outer.from; i < outer.to && !found; ++i) {
      for (int64_t j = middle.from; j < middle.to && !found; ++j) {
        for (int64_t k = inner.from; k < inner.to && !found; ++k) {
          const int64_t place = row_offset(p, n, i, j) + k * p.channels + c;
          found = !(x[place] < y[c]);
          if (found && i >= owned.from && i < owned.to) dx[place] += dy[c];
        }
      }
    }
  }
}

template <class T>
void run_gradient(const KernelCall& call) {
  const auto& p = parameters_of<PoolingPlan>(call);
  const T *x = static_cast<const T*>(call.buffers[0]), *y = static_cast<const T*>(call.buffers[1]);
  const T* dy = static_cast<const T*>(call.buffers[2]);
  T* dx = static_cast<T*>(call.buffers[3]);
  const int64_t blocks = divide_up(p.in[0], p.rows_per_unit);
  const bool small = p.window[0] * p.window[1] * p.window[2] <= most_places;
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const int64_t n = unit / blocks, first = unit % blocks * p.rows_per_unit;
    const Range owned{first, lesser(first + p.rows_per_unit, p.in[0])};
    if (p.overlapping || !p.covering || !small) {
      __builtin_memset(dx + row_offset(p, n, owned.from, 0), 0,
                       owned.size() * p.in[1] * p.in[2] * p.channels * sizeof(T));
    }
    const Range windows = windows_over(p, 0, owned.from, owned.to);
    for (int64_t o = windows.from; o < windows.to; ++o) {
      const Range outer = elements_under(p, 0, o);
      for (int64_t m = 0; m < p.out[1]; ++m) {
        const Range middle = elements_under(p, 1, m);
        const int64_t row = ((n * p.out[0] + o) * p.out[1] + m) * p.out[2] * p.channels;
        for (int64_t column = 0; column < p.out[2]; ++column) {
          const Range inner = elements_under(p, 2, column);
          const T *top = y + row + column * p.channels, *flow = dy + row + column * p.channels;
          if (!small) {
            search_window(p, x, top, flow, dx, n, owned, outer, middle, inner);
            continue;
          }
          PlaceList list;
          int before = 0, last = 0;
          list.count = 0;
          for (int64_t i = outer.from; i < outer.to; ++i) {
            for (int64_t j = middle.from; j < middle.to; ++j) {
              const int64_t start = row_offset(p, n, i, j);
              for (int64_t k = inner.from; k < inner.to; ++k) list.offsets[list.count++] = start + k * p.channels;
            }
            if (i < owned.from) before = list.count;
            if (i < owned.to) last = list.count;
          }
          if (!p.overlapping && list.count == 4) {
            give_to_first<4, false>(x, top, flow, dx, list.offsets, 4, before, last, p.channels);
          } else if (!p.overlapping) {
            give_to_first<0, false>(x, top, flow, dx, list.offsets, list.count, before, last, p.channels);
          } else if (list.count == 9 && before == 0 && last == 9) {
            give_to_first<9, true>(x, top, flow, dx, list.offsets, 9, 0, 9, p.channels);
          } else {
            give_to_first<0, true>(x, top, flow, dx, list.offsets, list.count, before, last, p.channels);
          }
        }
      }
    }
  }
}

void prepare_gradient(const KernelProblem& problem, KernelPlan& plan) {
  const BufferType &x = problem.inputs[0], &y = problem.inputs[1];
  auto& p = parameters_of<PoolingPlan>(plan);
  read_windows(p, x, y, *static_cast<const PoolingAttributes*>(problem.attributes));
  // Windows across the border of two blocks are looked at twice, so blocks are several windows long.
  const int64_t line = p.in[1] * p.in[2] * p.channels;
  p.rows_per_unit = lesser(p.in[0], greater(6 * greater(p.stride[0], p.window[0]), 16384 / line));
  set_units(plan, x.dtype == DType::float32 ? run_gradient<float> : run_gradient<double>,
            p.batch * divide_up(p.in[0], p.rows_per_unit),
            static_cast<double>(y.elements) * static_cast<double>(p.window[0] * p.window[1] * p.window[2]) * 2);
}

}  // namespace

void max_pool_kernels(KernelList& list) {
  static const Kernel kernel{"rows", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

void max_pool_gradient_kernels(KernelList& list) {
  static const Kernel kernel{"blocks", refuse_other_than_floats, prepare_gradient};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
