// A chain of nodes as one kernel: its pieces are the units of work, and a worker takes each piece through all members
// before the next (see passes/form_chains.cpp). Values that live within a piece lie in the worker's own scratch.
//
// Sums over all pieces are made in slots: each slot takes the same pieces whatever the number of workers, and the second
// phase adds the slots in order, so that results are equal bit for bit for any number of threads.
#pragma once

#include <atomic>

#include "execute/bands.h"
#include "graph/graph.h"
#include "ops/prepare.h"
#include "passes/chain_roles.h"
#include "passes/plan_memory.h"
#include "runtime/ahead.h"

namespace gradmill {

class Chain {
 public:
  using Users = std::unordered_map<const Value*, std::vector<Node*>>;

  // `nodes` are the members in order. `memory`, once known, tells which results take over the memory of an operand.
  // Throws UnsupportedError when no kernel takes a piece.
  Chain(std::vector<const Node*> nodes, const Users& users, const MemoryPlan* memory);
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  // What is read from and written to the memory of the plan: the buffers of the kernel, in this order.
  const std::vector<ValuePointer>& inputs() const { return inputs_; }
  const std::vector<ValuePointer>& outputs() const { return outputs_; }
  // Values without memory of their own, and the views of them.
  const std::vector<const Value*>& inside() const { return inside_; }
  std::unique_ptr<PreparedKernel> kernel() const;
  // The members that compute, in order: the kernel of each, and the bytes that it moves between the chain and the memory
  // of the plan.
  struct Part {
    const Node* node;
    std::string kernel;
    size_t bytes;
  };
  std::vector<Part> parts() const;
  // Between these calls the workers count the nanoseconds that each part takes, all workers together.
  void start_timing();
  std::vector<int64_t> stop_timing();
  std::string describe() const;  // "3 members, 392 pieces of 256 rows in 64 slots"

 private:
  enum class Kind : uint8_t { outside, inside, sum, image_sum };
  struct Buffer {
    Kind kind = Kind::outside;
    int index = 0;              // into the kernel's buffers, or into sums_
    size_t offset = 0;          // inside and image_sum: in the worker's scratch
    size_t stride = 0;          // outside: bytes of a piece, or of an image that is cut into bands
    int64_t pieces_a_step = 1;  // outside: pieces that read the same part
    const Value* rows_of = nullptr;  // of an image that is cut into bands: the value, and
    size_t row_bytes = 0;            // the bytes of a row of pixels
  };
  struct Member {
    const Node* node = nullptr;
    ChainRoles roles;
    std::vector<std::unique_ptr<PreparedKernel>> kernels;  // one for each kind of piece
    std::vector<std::unique_ptr<PreparedKernel>> adding;   // of products that are summed: the same, added to what is there
    // Of bands whose first rows the band before has made: the same for the others; null where there are none.
    std::vector<std::unique_ptr<PreparedKernel>> continuing;
    std::vector<Buffer> buffers;                           // inputs, then outputs
    std::vector<int> sums;                                 // those that it makes
    bool makes_moments = false;                            // then its sums are a mean and a variance
  };
  struct Sum {
    DType dtype;
    int64_t elements;
    size_t slot_offset, new_offset;  // in a slot; in the worker's scratch, for the result of one piece
    int buffer;                      // of the kernel
    const Sum* mean;                 // of a variance
    bool is_mean;
  };

  static bool sums_products(const Member& member);
  void choose_grain();
  void place_values(const Users& users);
  void cut_into_pieces();
  void cut_into_bands(size_t image_bytes);
  void share_places();
  void prepare(const MemoryPlan* memory);
  void place_buffers(Member& member);
  void place_scratch();
  int64_t piece_within_images(int64_t rows) const;
  bool is_inside(const ValuePointer& value, const Users& users) const;
  const ValuePointer& source(const ValuePointer& value) const;
  bool contains(const Node* node) const;
  // Pieces differ in size only at the end of what is cut; those of one kind share kernels.
  int kinds() const;
  int kind_of(int64_t piece) const;
  PieceOfNode piece_of_kind(const Member& member, int kind) const;
  // Of its image; 0 without bands.
  int64_t band_of(int64_t piece) const { return bands_ ? piece % bands_->count() : 0; }
  // Where a piece begins, counted in rows or images; of bands in rows of images.
  int64_t start_of(int64_t piece) const;
  int64_t first_piece(int64_t slot) const { return pieces_ / together_ * slot / slots_ * together_; }

  static void run(const KernelCall& call);
  void run_pieces(const KernelCall& call, int64_t slot) const;
  char* outside(const KernelCall& call, const Buffer& buffer, int64_t piece) const;
  void keep_rows(char* scratch, const Member& member, int64_t band) const;
  const Value* value_of(const Member& member, size_t buffer) const;
  void look_ahead(const KernelCall& call, int64_t piece, Ahead& ahead) const;
  void join_images(const Member& member, const KernelCall& call, int64_t piece) const;
  void join(const Member& member, char* slot, const char* fresh, int64_t before, int64_t added) const;
  template <class T>
  void join_slots(const KernelCall& call, const Sum& sum, int64_t begin, int64_t end) const;

  std::vector<Member> members_;
  std::unique_ptr<std::atomic<int64_t>[]> nanoseconds_;  // of each member, while they are counted
  std::unordered_map<const Node*, int> member_of_;
  std::vector<ValuePointer> inputs_, outputs_;
  std::vector<const Value*> inside_;
  std::unordered_map<const Value*, int> buffer_of_;  // of outside values
  std::unordered_map<const Value*, const Value*> takes_over_;  // values inside that replace another in its place
  std::vector<Sum> sums_;
  Grain grain_{};
  std::optional<Bands> bands_;
  int64_t images_ = 0;
  int64_t piece_ = 0, pieces_ = 0, slots_ = 0;  // rows or images of a piece; pieces; slots
  int64_t together_ = 1;                        // pieces that one slot must hold, those of an image if it is summed
  size_t slot_bytes_ = 0;
  size_t shared_scratch_at_ = 0, worker_scratch_at_ = 0, scratch_bytes_ = 0;
};

}  // namespace gradmill
