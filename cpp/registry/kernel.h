// Where an op's definition and its CPU kernels meet. Plain data only: this header is included by files compiled once
// per instruction set, so it has no member functions that could be emitted twice, and everything callable is static.
//
// A kernel never allocates and never starts threads. `prepare` looks at a problem (types and attributes) and says into
// how many independent units the work falls, in how many phases, and how much scratch memory it needs; whoever runs it
// (eager mode or a plan) hands each worker a range of units. Units depend only on the problem, never on the number of
// workers, so sums are equal bit for bit for any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

#ifndef GM_ISA_NAMESPACE
#define GM_ISA_NAMESPACE baseline
#endif

namespace gradmill {

struct TileProgram;

constexpr int kernel_max_rank = 8;
constexpr int kernel_max_phases = 4;
constexpr int kernel_parameter_bytes = 512;

struct BufferType {
  DType dtype;
  int rank;
  int64_t dims[kernel_max_rank];
  int64_t elements;
};

struct KernelProblem {
  int input_count;
  int output_count;
  const BufferType* inputs;
  const BufferType* outputs;
  const void* attributes;      // the op's attribute struct
  const TileProgram* program;  // of fused nodes and epilogues, else null; outlives the plan
};

// One worker's share of one phase.
struct KernelCall {
  void* const* buffers;    // inputs, then outputs; all dense row-major
  char* shared_scratch;    // the same for all workers and all phases
  char* worker_scratch;    // this worker's own, undefined at the start of each phase
  const void* parameters;  // what `prepare` wrote
  int phase;
  int64_t begin, end;      // units [begin, end) of this phase
};

typedef void (*KernelFunction)(const KernelCall& call);

struct KernelPlan {
  KernelFunction run;
  int phases;
  int64_t units[kernel_max_phases];
  size_t shared_scratch_bytes;
  size_t worker_scratch_bytes;
  double operations;  // rough count of scalar operations in all, for deciding whether threads pay
  int64_t neighbours; // units that are done quicker by one worker, one after the other; 0 if that does not matter
  alignas(64) char parameters[kernel_parameter_bytes];
};

struct Kernel {
  const char* name;
  // Null when the kernel takes the problem, else the reason why not.
  const char* (*refuse)(const KernelProblem& problem);
  // Fills the plan. Called only for problems that `refuse` accepts and whose outputs have elements.
  void (*prepare)(const KernelProblem& problem, KernelPlan& plan);
  // Null, or a function that is null where this kernel is the choice by rule, else says why a later one of the list is
  // thought to be faster. The user's preference and a choice by measurement look only at `refuse`.
  const char* (*decline)(const KernelProblem& problem) = nullptr;
};

// The implementations of one op at one level, in order of preference.
struct KernelList {
  const Kernel* items[12];
  int count;
};

static inline void add_kernel(KernelList& list, const Kernel* kernel) { list.items[list.count++] = kernel; }

// Single-phase plan with the given number of units.
static inline void set_units(KernelPlan& plan, KernelFunction run, int64_t units, double operations) {
  plan.run = run;
  plan.phases = 1;
  plan.units[0] = units;
  plan.operations = operations;
}

// For kernels that know two types of their first input, and so of the others.
static inline const char* refuse_other_than_floats(const KernelProblem& problem) {
  const DType dtype = problem.inputs[0].dtype;
  return dtype == DType::float32 || dtype == DType::float64 ? nullptr : "the inputs are neither float32 nor float64";
}

// The same for kernels that read and write 16-bit floats too, which they compute with in float32.
static inline const char* refuse_other_storage(const KernelProblem& problem) {
  const DType dtype = problem.inputs[0].dtype;
  return dtype == DType::bfloat16 || dtype == DType::float16 ? nullptr : refuse_other_than_floats(problem);
}

// A kernel's instances by how its values are stored.
struct StorageInstances {
  KernelFunction float32, float64, bfloat16, float16;
};
static inline KernelFunction of_storage(DType dtype, const StorageInstances& instances) {
  return dtype == DType::float32 ? instances.float32 : dtype == DType::float64 ? instances.float64
         : dtype == DType::bfloat16 ? instances.bfloat16 : instances.float16;
}

template <class Parameters>
static inline Parameters& parameters_of(KernelPlan& plan) {
  static_assert(sizeof(Parameters) <= kernel_parameter_bytes, "kernel parameters too large");
  return *reinterpret_cast<Parameters*>(plan.parameters);
}

template <class Parameters>
static inline const Parameters& parameters_of(const KernelCall& call) {
  return *static_cast<const Parameters*>(call.parameters);
}

}  // namespace gradmill
