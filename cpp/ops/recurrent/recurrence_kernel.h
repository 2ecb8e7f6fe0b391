#pragma once
// Recurrences over a whole sequence. Each step is one small product for some rows of the batch: the row (x, 1, h) of
// inputs, a one for the bias, and the state, times the weights, which are packed once. Where a gate resets the state before
// its product, the row is (q, x, 1, h), q the state after the reset: one product takes (x, 1, h), the next one (q, x, 1).
// Rows of the batch do not depend on each other, so a unit of work is some rows with all their steps; rows that the mask
// leaves out of a step cost nothing.
#include "cpu/gemm.h"
#include "cpu/lanes.h"
#include "math/elementwise.h"
#include "ops/recurrent/recurrence.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t rows_of_a_unit = 8, most_rows = 32;  // of the batch: in a unit of work, and in one product
constexpr int most_blocks = 3;

// Sums side by side that take the same terms of the row (q, x, 1, h).
struct SumsBlock {
  int64_t at, columns;             // among the sums
  int64_t first_term, terms;
  int64_t source;                  // the first of their columns in the weights
  int64_t bias_row, bias_rows;     // which rows of the bias they take
  int64_t panels_at;               // their packed weights
};

// What all kernels of recurrences know of their problem. The sums that take x are the first `weight_columns`, those that
// take h, then those that take q, the last; `x_shift` says by how many columns the weights of x are turned against the sums.
struct Recurrence {
  int64_t batch, steps, features, units, sums, weight_columns, x_shift;
  int64_t resets;                  // how many terms q is, and sums that take it: units or 0
  bool backwards, wants_x;
  int block_count;
  SumsBlock blocks[most_blocks];
  int64_t panel, panel_elements;   // columns of a packed panel, and elements of all

  int64_t terms() const { return resets + features + 1 + units; }
  int64_t one() const { return resets + features; }  // the term that is one; behind it stands h
  int64_t h_sums() const { return sums - weight_columns; }
  int64_t h_columns() const { return weight_columns - resets; }
  int64_t q_sums() const { return sums - resets; }
  int64_t rows_before(int64_t unit) const { return unit * rows_of_a_unit < batch ? unit * rows_of_a_unit : batch; }
  // The place in memory of the step that comes in the order of the recurrence.
  int64_t time(int64_t step) const { return backwards ? steps - 1 - step : step; }
};

static inline int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }

static inline void add_block(Recurrence& r, int64_t columns, int64_t first_term, int64_t terms, int64_t source,
                             int64_t bias_row, int64_t bias_rows) {
  r.blocks[r.block_count++] = {r.sums, columns, first_term, terms, source, bias_row, bias_rows, r.panel_elements};
  r.sums += columns;
  r.panel_elements += round_up(columns, r.panel) * terms;
}

template <class T>
GM_INLINE void add_row(int64_t n, const T* x, T* to) {
  typedef Lanes<T> L;
  L::along(n, [&](int64_t j, int64_t m) { L::write(to + j, L::read(to + j, m) + L::read(x + j, m), m); });
}
template <class T>
GM_INLINE void copy_row(int64_t n, const T* x, T* to) {
  typedef Lanes<T> L;
  L::along(n, [&](int64_t j, int64_t m) { L::write(to + j, L::read(x + j, m), m); });
}
template <class T>
GM_INLINE void clear_rows(int64_t elements, T* to) {
  __builtin_memset(to, 0, static_cast<size_t>(elements) * sizeof(T));
}

// Kernel, recurrent kernel and bias, or what arrives at them.
template <class T>
struct Weights {
  T *kernel, *recurrent, *bias;

  // The row of a term of (q, x, 1, h), from a block's first column; for the one it is a row of the bias.
  GM_INLINE T* row(const Recurrence& r, const SumsBlock& block, int64_t term, int64_t bias_row) const {
    T* const first = term < r.resets  ? recurrent + term * r.weight_columns
                     : term < r.one() ? kernel + (term - r.resets) * r.weight_columns
                     : term > r.one() ? recurrent + (term - r.one() - 1) * r.weight_columns
                                      : bias + bias_row * r.weight_columns;
    return first + block.source;
  }
};

static inline int64_t count_panels(const Recurrence& r) {
  int64_t panels = 0;
  for (int i = 0; i < r.block_count; ++i) panels += round_up(r.blocks[i].columns, r.panel) / r.panel;
  return panels;
}

// Calls body(block, its first column, columns) for panels [begin, end) of all blocks.
template <class Body>
GM_INLINE void for_panels(const Recurrence& r, int64_t begin, int64_t end, const Body& body) {
  for (int i = 0; i < r.block_count; ++i) {
    const SumsBlock& block = r.blocks[i];
    const int64_t panels = round_up(block.columns, r.panel) / r.panel;
    for (int64_t at = begin < 0 ? 0 : begin; at < panels && at < end; ++at) {
      const int64_t column = at * r.panel, rest = block.columns - column;
      body(block, column, rest < r.panel ? rest : r.panel);
    }
    begin -= panels;
    end -= panels;
  }
}

// One panel for the products of steps.
template <class T>
static void pack_panel(const Recurrence& r, const SumsBlock& block, int64_t column, int64_t columns, Weights<const T> weights,
                       T* panels) {
  T* to = panels + block.panels_at + column * block.terms;
  for (int64_t term = block.first_term; term < block.first_term + block.terms; ++term, to += r.panel) {
    const T* const row = weights.row(r, block, term, block.bias_row) + column;
    copy_row(columns, row, to);
    clear_rows(r.panel - columns, to + columns);
    if (term == r.one() && block.bias_rows == 2) add_row(columns, row + r.weight_columns, to);
  }
}

// One panel for the products back: `columns` columns of the transpose of a kernel from row `row` on, `count` rows of the
// transpose beginning with `shift`.
template <class T>
static void pack_back_panel(const Recurrence& r, const T* kernel, int64_t row, int64_t columns, int64_t shift, int64_t count,
                            T* to) {
  for (int64_t p = 0; p < count; ++p, to += r.panel) {
    const T* from = kernel + row * r.weight_columns + (p + shift) % r.weight_columns;
    for (int64_t j = 0; j < r.panel; ++j) to[j] = j < columns ? from[j * r.weight_columns] : T(0);
  }
}

// One step of one row of the batch; `at` counts the steps of all rows as they lie in memory.
struct Place {
  int64_t row, step, at;
};

static inline Place place_of(const Recurrence& r, int64_t row, int64_t step) {
  return {row, step, row * r.steps + r.time(step)};
}

// The state of a row before a step: `first`, or the one after the step before.
template <class T>
GM_INLINE const T* state_before(const Recurrence& r, const Place& place, const T* first, const T* after) {
  return place.step == 0 ? first + place.row * r.units : after + place_of(r, place.row, place.step - 1).at * r.units;
}

// (x, 1, h); q, which stands before them, is written by those who have it.
template <class T>
GM_INLINE void write_terms(const Recurrence& r, const T* x, const T* h, T* to) {
  copy_row(r.features, x, to + r.resets);
  to[r.one()] = T(1);
  copy_row(r.units, h, to + r.one() + 1);
}

// For recurrences that reset no state.
struct NoReset {
  template <class... Any>
  GM_INLINE void operator()(const Any&...) const {}
};

// `x` is the input of that number, the kernel the next; `state` is the first state. The blocks are still to be added.
static inline Recurrence recurrence_of(const KernelProblem& problem, int x, int state) {
  const BufferType &sequences = problem.inputs[x], &kernel = problem.inputs[x + 1];
  Recurrence r = {};
  r.batch = sequences.dims[0];
  r.steps = sequences.dims[1];
  r.features = sequences.dims[2];
  r.units = problem.inputs[state].dims[1];
  r.weight_columns = kernel.dims[1];
  r.panel = gemm_panel_columns(sequences.dtype == DType::float32 ? 4 : 8);
  return r;
}

static inline void set_recurrence_units(KernelPlan& plan, KernelFunction run, double work_per_sum) {
  const Recurrence& r = parameters_of<Recurrence>(plan);
  constexpr double operations_of_a_gate = 10;
  plan.run = run;
  plan.operations = static_cast<double>(r.batch * r.steps * r.sums) *
                    (static_cast<double>(r.terms() - r.resets) * work_per_sum / 4 + operations_of_a_gate);
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
