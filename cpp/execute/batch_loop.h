// Runs many steps of a plan over rows of arrays in memory, without Python: picks rows, converts them into the plan's
// inputs, runs the step, goes on. Arrays are read where they are; nothing is copied but the batch.
#pragma once

#include <memory>
#include <vector>

#include "execute/plan.h"
#include "execute/worker_trials.h"

namespace gradmill {

// Rows of equal length, each dense; rows may lie apart.
struct RowSource {
  const char* data;
  DType dtype;
  int64_t rows;
  int64_t row_stride;  // bytes
};

class BatchLoop {
 public:
  // One source for each input of the plan, whose first axis is the batch. Throws ShapeError when counts or sizes do not
  // agree.
  BatchLoop(std::shared_ptr<Plan> plan, std::vector<RowSource> sources);

  // Runs `steps` steps. Step k takes the rows order[k * batch], ..., or, without order, first_row + k * batch, ...
  // `number` is the number of the first step, for messages. Throws NonFiniteError in NaN check mode.
  void run(const int64_t* order, int64_t first_row, int64_t steps, int64_t number);

  int64_t batch() const { return batch_; }
  // The outputs of the last step.
  const std::vector<Tensor>& outputs() const { return outputs_; }
  int workers() const { return workers_; }

 private:
  struct Gather {
    RowSource source;
    std::unique_ptr<PreparedKernel> convert;  // null when the bytes are copied as they are
    size_t target_bytes;                      // of a row
    Tensor targets[batches_held];             // of this batch and the next
  };
  class Queue;
  void gather_rows(const int64_t* order, int64_t first_row, int64_t begin, int64_t end, int set) const;
  std::vector<void*> input_pointers(int set) const;
  std::vector<void*> output_pointers() const;
  double run_steps(const int64_t* order, int64_t first_row, int64_t steps, int workers);
  void run_adaptively(const int64_t* order, int64_t first_row, int64_t steps);

  std::shared_ptr<Plan> plan_;
  std::vector<Gather> gathers_;
  std::vector<Tensor> outputs_;
  int64_t batch_ = 0;
  int64_t rows_at_once_ = 1;  // gathered by a worker before it looks up
  WorkerTrials trials_;
  int workers_ = 0;  // of the steps run last
};

}  // namespace gradmill
