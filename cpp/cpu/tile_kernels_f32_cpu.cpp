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

struct AffineSilu {
  static constexpr bool brief = false;
  static GM_INLINE VecFloat value(VecFloat x, VecFloat a, VecFloat b) {
    return functor::silu::value(functor::multiply_add::value(x, a, b));
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
    &Kernel<3, AffineSilu>::run,          nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};

namespace {

struct AffineSiluGradient {
  static GM_INLINE VecFloat value(VecFloat z, VecFloat d, VecFloat, VecFloat) {
    return functor::silu_gradient::value(d, z);
  }
};
struct AffineClip {
  static GM_INLINE VecFloat value(VecFloat z, VecFloat low, VecFloat high, VecFloat) {
    return functor::minimum::value(functor::maximum::value(z, low), high);
  }
};
struct AffineKeep {
  static GM_INLINE VecFloat value(VecFloat z, VecFloat low, VecFloat high, VecFloat d) {
    return KeepLessEqual::value(low, z, KeepLessEqual::value(z, high, d));
  }
};
struct AffineKeepAbove {
  static GM_INLINE VecFloat value(VecFloat z, VecFloat low, VecFloat d, VecFloat) { return KeepLess::value(low, z, d); }
};
struct AffineSum {
  static GM_INLINE VecFloat value(VecFloat z, VecFloat c, VecFloat s, VecFloat) { return (z + c) * s; }
};

template <class F, int more>
void run_affine_as(const TileSlot* slots, const TileInstruction* instruction, int64_t count) {
  const float* from[6];
  int64_t step[6];
  for (int i = 0; i < 6; ++i) {
    const TileSlot& slot = slots[instruction[i / 3].source[i < 3 + more ? i % 3 : 0]];
    from[i] = reinterpret_cast<const float*>(slot.data);
    step[i] = slot.step;
  }
  float* out = reinterpret_cast<float*>(slots[instruction->destination].data);
  const auto value = [&](const auto& at) {
    return F::value(functor::multiply_add::value(at(0), at(1), at(2)), at(3), at(more > 1 ? 4 : 3),
                    at(more > 2 ? 5 : 3));
  };
  int64_t i = 0;
  for (; i + vector_lanes <= count; i += vector_lanes)
    store(out + i, value([&](int k) { return load(from[k] + i * step[k]); }));
  if (i < count)
    store_partial(out + i, value([&](int k) { return load_partial(from[k] + i * step[k], count - i); }), count - i);
}

}  // namespace

void run_affine(const TileSlot* slots, const TileInstruction* instruction, int64_t count) {
  switch (instruction->opcode) {
    case TileOpcode::affine_silu_gradient: return run_affine_as<AffineSiluGradient, 1>(slots, instruction, count);
    case TileOpcode::affine_clip: return run_affine_as<AffineClip, 2>(slots, instruction, count);
    case TileOpcode::affine_keep: return run_affine_as<AffineKeep, 3>(slots, instruction, count);
    case TileOpcode::affine_keep_above: return run_affine_as<AffineKeepAbove, 2>(slots, instruction, count);
    default: return run_affine_as<AffineSum, 2>(slots, instruction, count);
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
