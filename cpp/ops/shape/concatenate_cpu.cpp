// The output is cut into pieces of equal size, wherever the borders of the inputs lie; each piece is put together from
// the inputs that reach into it.
#include "cpu/axis_split.h"
#include "ops/shape/concatenate.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t unit_bytes = 65536;
constexpr int table_inputs = 112;

struct Parameters {
  int inputs;
  bool alike;             // all inputs have the size of the first
  int64_t inner_bytes;    // of one step along the axis
  int64_t row_bytes;      // of the whole axis
  int64_t bytes;          // of the output
  uint32_t sizes[table_inputs];
};

int64_t chunk_bytes(const Parameters& p, int input) { return p.sizes[p.alike ? 0 : input] * p.inner_bytes; }

// Inputs of one number a row, from number `input` of row `row` on up to `end`.
template <class Word>
void put_side_by_side(const KernelCall& call, int inputs, int input, int64_t row, Word* to, const Word* end) {
  for (; to < end; ++to) {
    *to = static_cast<const Word*>(call.buffers[input])[row];
    if (++input == inputs) {
      input = 0;
      ++row;
    }
  }
}

void run(const KernelCall& call) {
  const Parameters& p = parameters_of<Parameters>(call);
  char* y = static_cast<char*>(call.buffers[p.inputs]);
  int64_t position = call.begin * unit_bytes;
  const int64_t end = lesser(call.end * unit_bytes, p.bytes);
  int64_t row = position / p.row_bytes, inside = position % p.row_bytes;
  int input = 0;
  if (p.alike) {
    input = static_cast<int>(inside / chunk_bytes(p, 0));
    inside -= input * chunk_bytes(p, 0);
  } else {
    for (; inside >= chunk_bytes(p, input); ++input) inside -= chunk_bytes(p, input);
  }
  if (p.alike && chunk_bytes(p, 0) == 4) {
    uint32_t* const words = reinterpret_cast<uint32_t*>(y);
    return put_side_by_side(call, p.inputs, input, row, words + position / 4, words + end / 4);
  }
  while (position < end) {
    const int64_t chunk = chunk_bytes(p, input), count = lesser(chunk - inside, end - position);
    __builtin_memcpy(y + position, static_cast<const char*>(call.buffers[input]) + row * chunk + inside, count);
    position += count;
    inside = 0;
    if (++input == p.inputs) {
      input = 0;
      ++row;
    }
  }
}

bool all_alike(const KernelProblem& problem, int64_t axis) {
  for (int i = 1; i < problem.input_count; ++i) {
    if (problem.inputs[i].dims[axis] != problem.inputs[0].dims[axis]) return false;
  }
  return true;
}

int64_t axis_of(const KernelProblem& problem) {
  const int64_t axis = static_cast<const ConcatenateAttributes*>(problem.attributes)->axis;
  return axis < 0 ? axis + problem.inputs[0].rank : axis;
}

const char* refuse(const KernelProblem& problem) {
  const int64_t axis = axis_of(problem);
  if (problem.input_count > table_inputs && !all_alike(problem, axis)) {
    return "more than 112 inputs of different sizes; join them in groups";
  }
  return problem.outputs[0].dims[axis] > UINT32_MAX ? "the axis is longer than 2^32" : nullptr;
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  const BufferType& y = problem.outputs[0];
  const int64_t axis = axis_of(problem);
  Parameters& p = parameters_of<Parameters>(plan);
  p.inputs = problem.input_count;
  p.alike = all_alike(problem, axis);
  const AxisSplit split = split_at(y.dims, y.rank, axis);
  p.inner_bytes = split.inner * static_cast<int64_t>(size_of(y.dtype));
  p.row_bytes = split.length * p.inner_bytes;
  p.bytes = split.outer * p.row_bytes;
  for (int i = 0; i < (p.alike ? 1 : p.inputs); ++i) {
    p.sizes[i] = static_cast<uint32_t>(problem.inputs[i].dims[axis]);
  }
  set_units(plan, run, divide_up(p.bytes, unit_bytes), static_cast<double>(y.elements));
}

}  // namespace

void concatenate_kernels(KernelList& list) {
  static const Kernel kernel{"pieces", refuse, prepare};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
