// Rows brought to mean 0 and variance 1, each while it is in the first-level cache.
#include "cpu/row_math.h"
#include "ops/normalization/layer_norm.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t unit_elements = 16 * 1024;  // of the rows of a unit
constexpr int64_t most_pieces = 64;           // partial sums over rows, in the gradient
constexpr int64_t joined_channels = 256;      // of a unit that adds them

struct RowNorm {
  int64_t rows, channels;
  int64_t unit_rows, units;
  double epsilon;
  bool centred;

  int64_t begin(int64_t unit) const { return lesser(unit * unit_rows, rows); }
};

// `count` sums along a row: term(first, how many, add) calls add(which sum, vector). Four parts of each side by side, because
// an addition waits for the one before.
template <int count, class T, class Term>
GM_INLINE void sum_along(int64_t channels, T* totals, const Term& term) {
  typedef typename Lanes<T>::Vector V;
  constexpr int64_t lanes = Lanes<T>::count;
  V parts[count][4];
  for (auto& sum : parts)
    for (V& part : sum) part = V(T(0));
  int64_t i = 0;
  for (; i + 4 * lanes <= channels; i += 4 * lanes) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) term(i + k * lanes, lanes, [&](int which, V v) { parts[which][k] = parts[which][k] + v; });
  }
  for (; i < channels; i += lanes) {
    term(i, lesser(lanes, channels - i), [&](int which, V v) { parts[which][0] = parts[which][0] + v; });
  }
  for (int which = 0; which < count; ++which) {
    const V* sum = parts[which];
    totals[which] = horizontal_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
  }
}

template <class S, class T>
GM_INLINE void normalize_row(const RowNorm& p, const S* x, const T* scale, const T* offset, S* y, T* mean, T* inverse) {
  typedef Lanes<T> L;
  typedef typename L::Vector V;
  const T count = T(p.channels);
  T middle = T(0);
  if (p.centred) {
    sum_along<1>(p.channels, &middle, [&](int64_t i, int64_t n, const auto& add) { add(0, L::read(x + i, n)); });
    middle /= count;
  }
  const V m = V(middle);
  T squares;
  sum_along<1>(p.channels, &squares, [&](int64_t i, int64_t n, const auto& add) {
    const V d = n < L::count ? keep_first(L::read(x + i, n) - m, n) : L::read(x + i, n) - m;
    add(0, d * d);
  });
  const T factor = T(1 / __builtin_sqrt(double(squares) / double(p.channels) + p.epsilon));
  const V f = V(factor);
  L::along(p.channels, [&](int64_t i, int64_t n) {
    L::write(y + i, (L::read(x + i, n) - m) * f * L::read(scale + i, n) + L::read(offset + i, n), n);
  });
  *mean = middle, *inverse = factor;
}

// S is how rows are stored, T what they are computed in.
template <class S, class T>
void run(const KernelCall& call) {
  const RowNorm& p = parameters_of<RowNorm>(call);
  const S* x = static_cast<const S*>(call.buffers[0]);
  S* y = static_cast<S*>(call.buffers[3]);
  const auto input = [&](int i) { return static_cast<const T*>(call.buffers[i]); };
  const auto output = [&](int i) { return static_cast<T*>(call.buffers[3 + i]); };
  for (int64_t row = p.begin(call.begin), end = p.begin(call.end); row < end; ++row) {
    const int64_t at = row * p.channels;
    normalize_row(p, x + at, input(1), input(2), y + at, output(1) + row, output(2) + row);
  }
}

// One row of the gradient; its terms are added to the sums over rows.
template <class S, class T>
GM_INLINE void row_back(const RowNorm& p, const S* dy, const S* x, const T* scale, T mean, T inverse, S* dx, T* d_scale,
                        T* d_offset) {
  typedef Lanes<T> L;
  typedef typename L::Vector V;
  const V m = V(mean), f = V(inverse);
  T sums[2];  // of what arrives at the normalized row, and of that times the row
  sum_along<2>(p.channels, sums, [&](int64_t i, int64_t n, const auto& add) {
    const V d = L::read(dy + i, n), normal = (L::read(x + i, n) - m) * f, arrives = d * L::read(scale + i, n);
    add(0, arrives);
    add(1, arrives * normal);
    L::write(d_scale + i, L::read(d_scale + i, n) + d * normal, n);
    L::write(d_offset + i, L::read(d_offset + i, n) + d, n);
  });
  const V first = V(p.centred ? sums[0] / T(p.channels) : T(0)), second = V(sums[1] / T(p.channels));
  L::along(p.channels, [&](int64_t i, int64_t n) {
    const V normal = (L::read(x + i, n) - m) * f, arrives = L::read(dy + i, n) * L::read(scale + i, n);
    L::write(dx + i, (arrives - first - normal * second) * f, n);
  });
}

template <class T>
void join_sums(const KernelCall& call, const RowNorm& p) {
  const T* sums = reinterpret_cast<const T*>(call.shared_scratch);
  T *d_scale = static_cast<T*>(call.buffers[6]), *d_offset = static_cast<T*>(call.buffers[7]);
  const int64_t end = lesser(call.end * joined_channels, p.channels);
  for (int64_t i = call.begin * joined_channels; i < end; ++i) {
    double scale = 0, offset = 0;
    for (int64_t unit = 0; unit < p.units; ++unit) {
      scale += double(sums[2 * unit * p.channels + i]);
      offset += double(sums[(2 * unit + 1) * p.channels + i]);
    }
    d_scale[i] = T(scale), d_offset[i] = T(offset);
  }
}

template <class S, class T>
void run_back(const KernelCall& call) {
  const RowNorm& p = parameters_of<RowNorm>(call);
  if (call.phase == 1) return join_sums<T>(call, p);
  const auto input = [&](int i) { return static_cast<const T*>(call.buffers[i]); };
  const S *dy = static_cast<const S*>(call.buffers[0]), *x = static_cast<const S*>(call.buffers[1]);
  S* dx = static_cast<S*>(call.buffers[5]);
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    T* sums = reinterpret_cast<T*>(call.shared_scratch) + 2 * unit * p.channels;
    __builtin_memset(sums, 0, static_cast<size_t>(2 * p.channels) * sizeof(T));
    for (int64_t row = p.begin(unit), end = p.begin(unit + 1); row < end; ++row) {
      const int64_t at = row * p.channels;
      row_back(p, dy + at, x + at, input(2), input(3)[row], input(4)[row], dx + at, sums, sums + p.channels);
    }
  }
}

void describe(const KernelProblem& problem, const BufferType& x, int64_t most_units, KernelPlan& plan) {
  RowNorm& p = parameters_of<RowNorm>(plan);
  const auto& attributes = *static_cast<const LayerNormAttributes*>(problem.attributes);
  p.channels = x.dims[x.rank - 1];
  p.rows = x.elements / p.channels;
  p.epsilon = attributes.epsilon, p.centred = attributes.centred;
  p.unit_rows = unit_elements / p.channels;
  const int64_t fewest = (p.rows + most_units - 1) / most_units;
  p.unit_rows = p.unit_rows < fewest ? fewest : p.unit_rows;
  p.unit_rows = p.unit_rows < 1 ? 1 : p.unit_rows;
  p.units = (p.rows + p.unit_rows - 1) / p.unit_rows;
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const BufferType& x = problem.inputs[0];
  describe(problem, x, x.elements, plan);
  const RowNorm& p = parameters_of<RowNorm>(plan);
  set_units(plan, of_storage(x.dtype, {run<float, float>, run<double, double>, run<BFloat16, float>, run<Float16, float>}), p.units, 2.0 * static_cast<double>(x.elements));
}

void prepare_back(const KernelProblem& problem, KernelPlan& plan) {
  const BufferType& x = problem.inputs[1];
  describe(problem, x, most_pieces, plan);
  const RowNorm& p = parameters_of<RowNorm>(plan);
  set_units(plan, of_storage(x.dtype, {run_back<float, float>, run_back<double, double>, run_back<BFloat16, float>, run_back<Float16, float>}),
            p.units, 4.0 * static_cast<double>(x.elements));
  plan.phases = 2;
  plan.units[1] = (p.channels + joined_channels - 1) / joined_channels;
  plan.shared_scratch_bytes = static_cast<size_t>(2 * p.units * p.channels) * (x.dtype == DType::float64 ? 8 : 4);
}

}  // namespace

void layer_norm_kernels(KernelList& list) {
  static const Kernel kernel{"rows", refuse_other_storage, prepare};
  add_kernel(list, &kernel);
}

void layer_norm_backward_kernels(KernelList& list) {
  static const Kernel kernel{"rows", refuse_other_storage, prepare_back};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
