// A number is infinite or NaN where all bits of its exponent are set: adding the lowest of them then carries into the place
// of the sign, which was cleared. So a unit is a loop of three integer operations an element, whatever the type.
#include "cpu/axis_split.h"
#include "cpu/simd/vec.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t unit_elements = 1 << 15;

struct Parameters {
  int64_t elements;
};

struct OfFloat {
  typedef uint32_t Bits;
  static constexpr Bits exponent = 0x7f800000, lowest = 0x00800000;
};
struct OfDouble {
  typedef uint64_t Bits;
  static constexpr Bits exponent = 0x7ff0000000000000, lowest = 0x0010000000000000;
};
struct OfBFloat16 {
  typedef uint16_t Bits;
  static constexpr Bits exponent = 0x7f80, lowest = 0x0080;
};
struct OfFloat16 {
  typedef uint16_t Bits;
  static constexpr Bits exponent = 0x7c00, lowest = 0x0400;
};

template <class Form>
bool are_finite(const typename Form::Bits* x, int64_t count) {
  typedef typename Form::Bits Bits;
  typedef Bits Vector __attribute__((vector_size(vector_bytes)));
  constexpr int64_t lanes = vector_bytes / sizeof(Bits), together = 4;
  Vector sums[together] = {};
  int64_t i = 0;
  for (; i + together * lanes <= count; i += together * lanes) {
#pragma GCC unroll 4
    for (int64_t k = 0; k < together; ++k) {
      Vector bits;
      __builtin_memcpy(&bits, x + i + k * lanes, sizeof bits);
      sums[k] |= (bits & Form::exponent) + Form::lowest;
    }
  }
  const Vector sum = (sums[0] | sums[1]) | (sums[2] | sums[3]);
  Bits carried = 0;
  for (int64_t lane = 0; lane < lanes; ++lane) carried |= sum[lane];
  for (; i < count; ++i) carried |= (x[i] & Form::exponent) + Form::lowest;
  return (carried & ~(Form::exponent | (Form::lowest - 1))) == 0;
}

template <class Form>
void run(const KernelCall& call) {
  const int64_t elements = parameters_of<Parameters>(call).elements;
  bool* finite = reinterpret_cast<bool*>(call.shared_scratch);
  if (call.phase == 0) {
    const auto* x = static_cast<const typename Form::Bits*>(call.buffers[0]);
    for (int64_t unit = call.begin; unit < call.end; ++unit) {
      const int64_t first = unit * unit_elements;
      finite[unit] = are_finite<Form>(x + first, lesser(unit_elements, elements - first));
    }
  } else if (call.begin < call.end) {
    bool all = true;
    for (int64_t unit = 0; unit < divide_up(elements, unit_elements); ++unit) all = all && finite[unit];
    *static_cast<bool*>(call.buffers[1]) = all;
  }
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const BufferType& x = problem.inputs[0];
  parameters_of<Parameters>(plan).elements = x.elements;
  const int64_t units = divide_up(x.elements, unit_elements);
  set_units(plan, of_storage(x.dtype, {run<OfFloat>, run<OfDouble>, run<OfBFloat16>, run<OfFloat16>}), units,
            static_cast<double>(x.elements) / 4);
  plan.phases = 2;
  plan.units[1] = 1;
  plan.shared_scratch_bytes = static_cast<size_t>(greater(1, units));
}

}  // namespace

void all_finite_kernels(KernelList& list) {
  static const Kernel kernel{"bits", refuse_other_storage, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
