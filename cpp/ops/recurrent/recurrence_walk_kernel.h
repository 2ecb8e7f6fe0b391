#pragma once
// The walk of a recurrence over the steps, and back.
#include "ops/recurrent/recurrence_kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

// Forward: all workers pack the weights, then each takes its rows through all steps.
enum ForwardPhase { pack_weights, walk_steps, forward_phases };

template <class T>
static inline void plan_forward(KernelPlan& plan, KernelFunction run) {
  const Recurrence& r = parameters_of<Recurrence>(plan);
  set_recurrence_units(plan, run, 1);
  plan.phases = forward_phases;
  plan.units[pack_weights] = count_panels(r);
  plan.units[walk_steps] = round_up(r.batch, rows_of_a_unit) / rows_of_a_unit;
  plan.shared_scratch_bytes = size_t(r.panel_elements) * sizeof(T);
  plan.worker_scratch_bytes = size_t(most_rows * (round_up(r.terms(), 16) + r.sums)) * sizeof(T);
}

// add_blocks(r) says what the sums are. All recurrences begin with the inputs x, kernel, recurrent kernel, bias, state.
template <class AddBlocks>
static inline void prepare_forward(const KernelProblem& problem, KernelPlan& plan, KernelFunction single, KernelFunction wide,
                                   const AddBlocks& add_blocks) {
  Recurrence& r = parameters_of<Recurrence>(plan);
  r = recurrence_of(problem, 0, 4);
  r.backwards = static_cast<const RecurrenceAttributes*>(problem.attributes)->backwards;
  add_blocks(r);
  problem.inputs[0].dtype == DType::float32 ? plan_forward<float>(plan, single) : plan_forward<double>(plan, wide);
}

// run_row(place, state before, sums) makes a step of a row that counts, keep_row(place, state before) one that does not;
// reset_row(place, state before, sums, q) makes q of the sums that come before those that take it.
template <class T, class RunRow, class KeepRow, class ResetRow = NoReset>
GM_INLINE void walk_forward(const KernelCall& call, const T* x, Weights<const T> weights, const bool* mask, const T* first,
                            const T* after, const RunRow& run_row, const KeepRow& keep_row,
                            const ResetRow& reset_row = ResetRow()) {
  const Recurrence& r = parameters_of<Recurrence>(call);
  T* const panels = reinterpret_cast<T*>(call.shared_scratch);
  if (call.phase == pack_weights) {
    for_panels(r, call.begin, call.end, [&](const SumsBlock& block, int64_t column, int64_t columns) {
      pack_panel(r, block, column, columns, weights, panels);
    });
    return;
  }
  T* const terms = reinterpret_cast<T*>(call.worker_scratch);
  T* const sums = terms + most_rows * round_up(r.terms(), 16);
  Place places[most_rows];
  for (int64_t begin = r.rows_before(call.begin), end = r.rows_before(call.end); begin < end; begin += most_rows) {
    const int64_t stop = end < begin + most_rows ? end : begin + most_rows;
    for (int64_t step = 0; step < r.steps; ++step) {
      int64_t count = 0;
      for (int64_t row = begin; row < stop; ++row) {
        const Place place = place_of(r, row, step);
        const T* const h = state_before(r, place, first, after);
        if (!mask[place.at]) {
          keep_row(place, h);
          continue;
        }
        write_terms(r, x + place.at * r.features, h, terms + count * r.terms());
        places[count++] = place;
      }
      for (int i = 0; i < r.block_count; ++i) {
        const SumsBlock& block = r.blocks[i];
        for (int64_t k = 0; block.first_term < r.resets && k < count; ++k) {
          T* const row = terms + k * r.terms();
          reset_row(places[k], row + r.one() + 1, sums + k * r.sums, row);
        }
        gemm_panels(count, block.columns, block.terms, terms + block.first_term, r.terms(), panels + block.panels_at,
                    sums + block.at, r.sums);
      }
      for (int64_t i = 0; i < count; ++i) {
        run_row(places[i], terms + i * r.terms() + r.one() + 1, sums + i * r.sums);
      }
    }
  }
}

// Back: the workers pack the transposed weights, walk from the last step to the first, and then make the gradients of the
// weights from what the walks left: of every step that counts the terms, and what arrived at its sums. These lie in the
// order of steps, then of rows, whoever wrote them.
enum BackPhase { pack_transposed, walk_back_steps, weight_gradients, back_phases };

// Where things lie in the scratch of a run back, in elements.
struct BackLayout {
  int64_t h_panels, x_panels;          // how many; of q there are as many as of h
  int64_t d_sums, terms, shared;       // shared by all workers; the panels come first
  int64_t through, tile, places, own;  // of one worker

  static BackLayout of(const Recurrence& r, int64_t element_bytes) {
    BackLayout layout;
    const int64_t pairs = r.batch * r.steps, panel_elements = r.panel * r.weight_columns;
    layout.h_panels = round_up(r.units, r.panel) / r.panel;
    layout.x_panels = r.wants_x ? round_up(r.features, r.panel) / r.panel : 0;
    layout.d_sums = (layout.h_panels + layout.x_panels) * panel_elements;
    layout.terms = layout.d_sums + round_up(pairs * r.sums + r.panel, 16);  // a whole panel is read at the end
    layout.shared = layout.terms + pairs * r.terms();
    layout.through = 0;
    layout.tile = round_up(most_rows * (r.units > r.features ? r.units : r.features), 16);
    layout.places = layout.tile + r.panel * r.terms();
    const int64_t walk = layout.places + 2 * r.steps * int64_t(sizeof(int64_t)) / element_bytes;
    const int64_t gradients = layout.places + gemm_columns_scratch(int(element_bytes));
    layout.own = walk > gradients ? walk : gradients;
    return layout;
  }
};

template <class T>
static inline void plan_back(KernelPlan& plan, KernelFunction run) {
  const Recurrence& r = parameters_of<Recurrence>(plan);
  set_recurrence_units(plan, run, 2);
  const BackLayout layout = BackLayout::of(r, sizeof(T));
  plan.phases = back_phases;
  plan.units[pack_transposed] = layout.h_panels + layout.x_panels;
  plan.units[walk_back_steps] = round_up(r.batch, rows_of_a_unit) / rows_of_a_unit;
  plan.units[weight_gradients] = count_panels(r);
  plan.shared_scratch_bytes = size_t(layout.shared) * sizeof(T);
  plan.worker_scratch_bytes = size_t(layout.own) * sizeof(T);
}

// `x` is the number of that input, behind which stand kernel, recurrent kernel and state.
template <class AddBlocks>
static inline void prepare_back(const KernelProblem& problem, KernelPlan& plan, int x, KernelFunction single,
                                KernelFunction wide, const AddBlocks& add_blocks) {
  const auto& attributes = *static_cast<const RecurrenceBackAttributes*>(problem.attributes);
  Recurrence& r = parameters_of<Recurrence>(plan);
  r = recurrence_of(problem, x, x + 3);
  r.backwards = attributes.backwards;
  r.wants_x = attributes.wants_x;
  add_blocks(r);
  problem.inputs[0].dtype == DType::float32 ? plan_back<float>(plan, single) : plan_back<double>(plan, wide);
}

static inline int64_t count_pairs(const Recurrence& r, const bool* mask) {
  int64_t pairs = 0;
  for (int64_t i = 0; i < r.batch * r.steps; ++i) pairs += mask[i];
  return pairs;
}

// For each step as it lies in memory the number of pairs of steps and rows that count before it and row `begin` of it.
// `places` has room for twice the steps.
static inline void first_places(const Recurrence& r, const bool* mask, int64_t begin, int64_t* places) {
  int64_t* const all = places + r.steps;
  for (int64_t t = 0; t < 2 * r.steps; ++t) places[t] = 0;
  for (int64_t row = 0; row < r.batch; ++row) {
    int64_t* const counts = row < begin ? places : all;
    for (int64_t t = 0; t < r.steps; ++t) counts[t] += mask[row * r.steps + t];
  }
  int64_t before = 0;
  for (int64_t t = 0; t < r.steps; ++t) {
    const int64_t of_step = places[t] + all[t];
    places[t] += before;
    before += of_step;
  }
}

template <class T>
struct BackBuffers {
  const T *d_outputs, *x, *kernel, *recurrent, *first, *after;
  const bool* mask;
  T *dx, *arriving;  // arriving, (batch, units): what arrives at each row's state, in the end at the first
  Weights<T> gradients;
};

// run_row(place, state before, its row of `arriving`, what arrives at its sums) goes back over a step that counts,
// keep_row(place) over another; join(row of `arriving`, what came by way of the sums) makes of both what arrives before.
// reset_row(place, state before, what arrives at q, its row of `arriving`, at its sums, q) goes back over the reset.
template <class T, class RunRow, class KeepRow, class Join, class ResetRow>
GM_INLINE void walk_rows_back(const Recurrence& r, const BackBuffers<T>& b, int64_t begin, int64_t stop, const T* panels,
                              T* d_sums, T* all_terms, T* through, int64_t* places, const RunRow& run_row,
                              const KeepRow& keep_row, const Join& join, const ResetRow& reset_row) {
  const T* const q_panels = panels + round_up(r.units, r.panel) * r.h_columns();
  const T* const x_panels = panels + round_up(r.units, r.panel) * r.weight_columns;
  Place active[most_rows];
  clear_rows((stop - begin) * r.units, b.arriving + begin * r.units);
  first_places(r, b.mask, begin, places);
  for (int64_t step = r.steps - 1; step >= 0; --step) {
    const int64_t from = places[r.time(step)];
    T *const sums = d_sums + from * r.sums, *const terms = all_terms + from * r.terms();
    int64_t count = 0;
    for (int64_t row = begin; row < stop; ++row) {
      const Place place = place_of(r, row, step);
      T* const dh = b.arriving + row * r.units;
      add_row(r.units, b.d_outputs + place.at * r.units, dh);
      if (!b.mask[place.at]) {
        keep_row(place);
        if (r.wants_x) clear_rows(r.features, b.dx + place.at * r.features);
        continue;
      }
      const T* const h = state_before(r, place, b.first, b.after);
      run_row(place, h, dh, sums + count * r.sums);
      write_terms(r, b.x + place.at * r.features, h, terms + count * r.terms());
      active[count++] = place;
    }
    if (r.resets > 0) {
      gemm_panels(count, r.units, r.resets, sums + r.q_sums(), r.sums, q_panels, through, r.units);
      for (int64_t i = 0; i < count; ++i) {
        T* const row = terms + i * r.terms();
        reset_row(active[i], row + r.one() + 1, through + i * r.units, b.arriving + active[i].row * r.units, sums + i * r.sums,
                  row);
      }
    }
    gemm_panels(count, r.units, r.h_columns(), sums + r.h_sums(), r.sums, panels, through, r.units);
    for (int64_t i = 0; i < count; ++i) join(b.arriving + active[i].row * r.units, through + i * r.units);
    if (!r.wants_x) continue;
    gemm_panels(count, r.features, r.weight_columns, sums, r.sums, x_panels, through, r.features);
    for (int64_t i = 0; i < count; ++i) {
      copy_row(r.features, through + i * r.features, b.dx + active[i].at * r.features);
    }
  }
}

// One panel of the gradients of all weights.
template <class T>
static void make_gradients(const Recurrence& r, const SumsBlock& block, int64_t column, int64_t columns, int64_t pairs,
                           const T* terms, const T* d_sums, Weights<T> gradients, T* tile, T* scratch) {
  gemm_columns(block.terms, columns, pairs, terms + block.first_term, r.terms(), d_sums + block.at + column, r.sums, tile,
               r.panel, scratch);
  for (int64_t i = 0; i < block.terms; ++i, tile += r.panel) {
    const int64_t term = block.first_term + i, rows = term == r.one() ? block.bias_rows : 1;
    for (int64_t k = 0; k < rows; ++k) {
      copy_row(columns, tile, gradients.row(r, block, term, block.bias_row + k) + column);
    }
  }
}

template <class T, class RunRow, class KeepRow, class Join, class ResetRow = NoReset>
GM_INLINE void walk_back(const KernelCall& call, const BackBuffers<T>& b, const RunRow& run_row, const KeepRow& keep_row,
                         const Join& join, const ResetRow& reset_row = ResetRow()) {
  const Recurrence& r = parameters_of<Recurrence>(call);
  const BackLayout layout = BackLayout::of(r, sizeof(T));
  T *const shared = reinterpret_cast<T*>(call.shared_scratch), *const own = reinterpret_cast<T*>(call.worker_scratch);
  T *const d_sums = shared + layout.d_sums, *const terms = shared + layout.terms;
  if (call.phase == pack_transposed) {
    for (int64_t unit = call.begin; unit < call.end; ++unit) {
      const bool of_h = unit < layout.h_panels;
      const int64_t row = (of_h ? unit : unit - layout.h_panels) * r.panel, rest = (of_h ? r.units : r.features) - row;
      const int64_t columns = rest < r.panel ? rest : r.panel, all_h = layout.h_panels * r.panel;
      if (!of_h) {
        pack_back_panel(r, b.kernel, row, columns, r.x_shift, r.weight_columns, shared + (all_h + row) * r.weight_columns);
        continue;
      }
      pack_back_panel(r, b.recurrent, row, columns, 0, r.h_columns(), shared + row * r.h_columns());
      pack_back_panel(r, b.recurrent, row, columns, r.h_columns(), r.resets, shared + all_h * r.h_columns() + row * r.resets);
    }
  } else if (call.phase == walk_back_steps) {
    const int64_t begin = r.rows_before(call.begin), end = r.rows_before(call.end), of_x = r.steps * r.features;
    if (!r.wants_x) clear_rows((end - begin) * of_x, b.dx + begin * of_x);
    for (int64_t row = begin; row < end; row += most_rows) {
      walk_rows_back(r, b, row, end < row + most_rows ? end : row + most_rows, shared, d_sums, terms, own + layout.through,
                     reinterpret_cast<int64_t*>(own + layout.places), run_row, keep_row, join, reset_row);
    }
  } else {
    const int64_t pairs = count_pairs(r, b.mask);
    for_panels(r, call.begin, call.end, [&](const SumsBlock& block, int64_t column, int64_t columns) {
      make_gradients(r, block, column, columns, pairs, terms, d_sums, b.gradients, own + layout.tile, own + layout.places);
    });
  }
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
