// Tile instructions in float32.
#include "cpu/simd/vec_angles.h"
#include "cpu/simd/vec_math.h"
#include "cpu/simd/vec_power.h"
#include "cpu/tile_kernels.h"
#include "math/elementwise.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

// A repeated argument is read again and again from the same place: its pointer advances by 0. Where one vector takes
// but a few instructions, four in a row halve the time, because the loop's own instructions are then shared.
constexpr int unrolled = 4;

template <int arity, class F> struct Kernel {
  static GM_INLINE VecFloat value(VecFloat a, VecFloat b, VecFloat c) {
    if constexpr (arity == 1) return F::value(a);
    else if constexpr (arity == 2) return F::value(a, b);
    else return F::value(a, b, c);
  }

  static void run(const TileSlot& y, const TileSlot& a, const TileSlot& b, const TileSlot& c, int64_t count) {
    float* out = reinterpret_cast<float*>(y.data);
    const float* pa = reinterpret_cast<const float*>(a.data);
    const float* pb = reinterpret_cast<const float*>(arity > 1 ? b.data : a.data);
    const float* pc = reinterpret_cast<const float*>(arity > 2 ? c.data : a.data);
    const int64_t step_a = a.step * vector_lanes;
    const int64_t step_b = (arity > 1 ? b.step : 0) * vector_lanes, step_c = (arity > 2 ? c.step : 0) * vector_lanes;
    int64_t vectors = count / vector_lanes;
    if constexpr (F::brief)
      for (; vectors >= unrolled; vectors -= unrolled) {
        for (int i = 0; i < unrolled; ++i)
          store(out + i * vector_lanes, value(load(pa + i * step_a), load(pb + i * step_b), load(pc + i * step_c)));
        out += unrolled * vector_lanes;
        pa += unrolled * step_a;
        pb += unrolled * step_b;
        pc += unrolled * step_c;
      }
    for (; vectors > 0; --vectors, out += vector_lanes, pa += step_a, pb += step_b, pc += step_c)
      store(out, value(load(pa), load(pb), load(pc)));
    const int64_t rest = count % vector_lanes;
    if (rest) store_partial(out, value(load_partial(pa, rest), load_partial(pb, rest), load_partial(pc, rest)), rest);
  }
};

template <class F, int arity> constexpr TileKernel kernel_or_null() {
  if constexpr (F::floats) return &Kernel<arity, F>::run;
  else return nullptr;
}

}  // namespace

const TileKernel tile_kernels_f32[] = {
#define ELEMENTWISE(name, arity) kernel_or_null<functor::name, arity>(),
#include "math/elementwise.def"
#undef ELEMENTWISE
    &Kernel<1, Identity>::run,          nullptr, nullptr, nullptr, &Kernel<3, MultiplySubtract>::run,
    &Kernel<3, NegativeMultiplyAdd>::run, &Kernel<3, KeepLess>::run,    &Kernel<3, KeepLessEqual>::run,
    &Kernel<3, DivideByRoot>::run,        &Kernel<3, Interpolate>::run,       &Kernel<3, InterpolateSquare>::run,
    nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};

namespace {

// What follows an x a + b, here z. `streams` are read beside x, a and b, `constants` are one number each; `outputs` are
// written. Bounds are ordered and not NaN, see TileBuilder::join_clip.
struct AffineSilu {
  static constexpr int streams = 0, constants = 0, outputs = 1;
  static GM_INLINE void run(VecFloat z, const VecFloat*, const VecFloat*, VecFloat* y) { y[0] = functor::silu::value(z); }
};
struct AffineSiluGradient {
  static constexpr int streams = 1, constants = 0, outputs = 1;
  static GM_INLINE void run(VecFloat z, const VecFloat* d, const VecFloat*, VecFloat* y) {
    y[0] = functor::silu_gradient::value(d[0], z);
  }
};
struct AffineClip {
  static constexpr int streams = 0, constants = 2, outputs = 1;
  static GM_INLINE void run(VecFloat z, const VecFloat*, const VecFloat* bounds, VecFloat* y) {
    y[0] = bounded(z, bounds[0], bounds[1]);
  }
};
struct AffineKeep {
  static constexpr int streams = 1, constants = 2, outputs = 1;
  static GM_INLINE void run(VecFloat z, const VecFloat* d, const VecFloat* bounds, VecFloat* y) {
    y[0] = KeepLessEqual::value(bounds[0], z, KeepLessEqual::value(z, bounds[1], d[0]));
  }
};
struct AffineKeepAbove {
  static constexpr int streams = 1, constants = 1, outputs = 1;
  static GM_INLINE void run(VecFloat z, const VecFloat* d, const VecFloat* bounds, VecFloat* y) {
    y[0] = KeepLess::value(bounds[0], z, d[0]);
  }
};
struct AffineSum {
  static constexpr int streams = 2, constants = 0, outputs = 1;
  static GM_INLINE void run(VecFloat z, const VecFloat* d, const VecFloat*, VecFloat* y) { y[0] = (z + d[0]) * d[1]; }
};
// An activation, and what its gradient makes of d: z once for both.
struct AffineSiluAndGradient {
  static constexpr int streams = 1, constants = 0, outputs = 2;
  static GM_INLINE void run(VecFloat z, const VecFloat* d, const VecFloat*, VecFloat* y) {
    y[0] = functor::silu::value(z);  // the compiler sees the logistic function that both share
    y[1] = functor::silu_gradient::value(d[0], z);
  }
};
template <class Keep> struct AffineClipAndKeep {
  static constexpr int streams = 1, constants = 2, outputs = 2;
  static GM_INLINE void run(VecFloat z, const VecFloat* d, const VecFloat* bounds, VecFloat* y) {
    AffineClip::run(z, nullptr, bounds, y);
    Keep::run(z, d, bounds, y + 1);
  }
};

// The slots of an affine instruction: x, a, b and the streams; the constants; what is written.
struct AffineSlots {
  uint8_t streams[5], constants[2], outputs[2];
};

template <class F> GM_INLINE void run_affine_as(const TileSlot* slots, const AffineSlots& places, int64_t count) {
  constexpr int streams = 3 + F::streams;
  const float* from[streams];
  int64_t step[streams];
  bool all_full = true;
  for (int k = 0; k < streams; ++k) {
    from[k] = reinterpret_cast<const float*>(slots[places.streams[k]].data);
    step[k] = slots[places.streams[k]].step;
    all_full = all_full && step[k] == 1;
  }
  VecFloat constants[2];
  for (int k = 0; k < F::constants; ++k) constants[k] = load(reinterpret_cast<const float*>(slots[places.constants[k]].data));
  float* out[F::outputs];
  for (int k = 0; k < F::outputs; ++k) out[k] = reinterpret_cast<float*>(slots[places.outputs[k]].data);
  const auto compute = [&](const auto& read, VecFloat* y) {
    VecFloat more[F::streams + 1];
    for (int k = 3; k < streams; ++k) more[k - 3] = read(k);
    F::run(functor::multiply_add::value(read(0), read(1), read(2)), more, constants, y);
  };
  const auto run_vectors = [&](const auto& read_at, int64_t end) {
    for (int64_t i = 0; i < end; i += vector_lanes) {
      VecFloat y[F::outputs];
      compute([&](int k) { return read_at(k, i); }, y);
      for (int k = 0; k < F::outputs; ++k) store(out[k] + i, y[k]);
    }
  };
  const int64_t whole = count - count % vector_lanes, rest = count - whole;
  if (all_full) {
    run_vectors([&](int k, int64_t i) { return load(from[k] + i); }, whole);
  } else {
    run_vectors([&](int k, int64_t i) { return load(from[k] + i * step[k]); }, whole);
  }
  if (rest) {
    VecFloat y[F::outputs];
    compute([&](int k) { return load_partial(from[k] + whole * step[k], rest); }, y);
    for (int k = 0; k < F::outputs; ++k) store_partial(out[k] + whole, y[k], rest);
  }
}

// Whether both compute the same x a + b.
bool same_affine(const TileInstruction& a, const TileInstruction& b) {
  return a.source[0] == b.source[0] && a.source[1] == b.source[1] && a.source[2] == b.source[2];
}

}  // namespace

int run_affine(const TileSlot* slots, const TileInstruction* at, const TileInstruction* end, int64_t count) {
  AffineSlots places{{at->source[0], at->source[1], at->source[2]}, {}, {at->destination}};
  const uint8_t* more = at[1].source;
  switch (at->opcode) {
    case TileOpcode::affine_silu_gradient:
      places.streams[3] = more[0];
      run_affine_as<AffineSiluGradient>(slots, places, count);
      return 2;
    case TileOpcode::affine_clip: {
      places.constants[0] = more[0], places.constants[1] = more[1];
      const bool pair = at + 3 < end && same_affine(at[0], at[2]) && at[3].source[0] == more[0];
      if (pair) places.outputs[1] = at[2].destination;
      if (pair && at[2].opcode == TileOpcode::affine_keep && at[3].source[1] == more[1]) {
        places.streams[3] = at[3].source[2];
        run_affine_as<AffineClipAndKeep<AffineKeep>>(slots, places, count);
        return 4;
      }
      if (pair && at[2].opcode == TileOpcode::affine_keep_above) {
        places.streams[3] = at[3].source[1];
        run_affine_as<AffineClipAndKeep<AffineKeepAbove>>(slots, places, count);
        return 4;
      }
      run_affine_as<AffineClip>(slots, places, count);
      return 2;
    }
    case TileOpcode::affine_keep:
      places.constants[0] = more[0], places.constants[1] = more[1], places.streams[3] = more[2];
      run_affine_as<AffineKeep>(slots, places, count);
      return 2;
    case TileOpcode::affine_keep_above:
      places.constants[0] = more[0], places.streams[3] = more[1];
      run_affine_as<AffineKeepAbove>(slots, places, count);
      return 2;
    case TileOpcode::affine_sum:
      places.streams[3] = more[0], places.streams[4] = more[1];
      run_affine_as<AffineSum>(slots, places, count);
      return 2;
    default:  // affine_silu, which stands alone or before its gradient
      if (at + 2 < end && at[1].opcode == TileOpcode::affine_silu_gradient && same_affine(at[0], at[1])) {
        places.streams[3] = at[2].source[0], places.outputs[1] = at[1].destination;
        run_affine_as<AffineSiluAndGradient>(slots, places, count);
        return 3;
      }
      run_affine_as<AffineSilu>(slots, places, count);
      return 1;
  }
}

void run_adam_update(const TileSlot* slots, const TileInstruction* instruction, int64_t count) {
  const auto data = [&](int slot) { return reinterpret_cast<float*>(slots[slot].data); };
  const TileInstruction &first = instruction[0], &second = instruction[1], &third = instruction[2];
  const float *w = data(first.source[0]), *m = data(first.source[1]), *v = data(first.source[2]);
  const float* g = data(second.source[0]);
  float *new_w = data(first.destination), *new_m = data(second.destination), *new_v = data(third.destination);
  const VecFloat a = load(data(second.source[1])), b = load(data(second.source[2]));
  const VecFloat rate = load(data(third.source[0])), epsilon = load(data(third.source[1]));
  const auto update = [&](VecFloat* wi, VecFloat* mi, VecFloat* vi, VecFloat gi) {
    *mi = Interpolate::value(*mi, gi, a);
    *vi = InterpolateSquare::value(*vi, gi, b);
    *wi = *wi - DivideByRoot::value(*mi * rate, *vi, epsilon);
  };
  int64_t i = 0;
  for (; i + vector_lanes <= count; i += vector_lanes) {
    VecFloat wi = load(w + i), mi = load(m + i), vi = load(v + i);
    update(&wi, &mi, &vi, load(g + i));
    store(new_w + i, wi);
    store(new_m + i, mi);
    store(new_v + i, vi);
  }
  const int64_t rest = count - i;
  if (rest) {
    VecFloat wi = load_partial(w + i, rest), mi = load_partial(m + i, rest), vi = load_partial(v + i, rest);
    update(&wi, &mi, &vi, load_partial(g + i, rest));
    store_partial(new_w + i, wi, rest);
    store_partial(new_m + i, mi, rest);
    store_partial(new_v + i, vi, rest);
  }
}
static_assert(sizeof tile_kernels_f32 == int(TileOpcode::count) * sizeof(TileKernel));

}  // namespace gradmill::GM_ISA_NAMESPACE
