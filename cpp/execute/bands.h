// Images cut into bands of rows, for chains around convolutions with small windows: a band of what a chain makes needs
// some more rows of what it reads there, its halo. Those that the band before has made are still in the cache.
//
// Values lie on the input side or the output side of the chain's convolutions, all of one geometry. Each band has rows
// of its own on one side; the other side's rows follow from the window. Neighbouring bands share rows there, so nothing on
// that other side may be part of a sum, and a result of the chain only where whole images go to one worker.
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>

#include "passes/chain_roles.h"

namespace gradmill {

struct RowRange {
  int64_t begin, end;
  int64_t count() const { return end - begin; }
};

class Bands {
 public:
  struct Member {
    const Node* node;
    const ChainRoles* roles;
  };

  // Nothing where the chain cannot be cut so. `is_result` tells what is written to memory of the plan.
  static std::optional<Bands> of(const std::vector<Member>& members, const std::function<bool(const Value*)>& is_result);

  // Whether the bands of an image must follow each other on one worker, so that each writes only rows that are new.
  bool stay_together() const { return stay_together_; }
  // Bands of at least `rows` rows each.
  void cut(int64_t rows);
  int64_t count() const { return static_cast<int64_t>(own_.size()); }
  int64_t own_height() const { return height_[own_side_]; }
  // Rows of an image of the value.
  int64_t height(const Value* value) const { return height_[side_.at(value)]; }
  RowRange own(int64_t band) const { return own_[band]; }
  RowRange range(const Value* value, int64_t band) const;
  // Rows of a value that the band before has, too: those of the other side overlap.
  int64_t known(const Value* value, int64_t band) const;
  // Whether a member works on the other side alone, so that after the band before only new rows are left to make.
  bool continues(const Node& node, const ChainRoles& roles) const;
  int64_t most_rows(const Value* value) const;
  // Bands of the same shape share kernels: a representative of each kind, and the kind of each band.
  const std::vector<int64_t>& kinds() const { return kinds_; }
  int kind(int64_t band) const { return kind_of_[band]; }
  // `continued`: only the rows that the band before has not made.
  PieceOfNode piece(const Node& node, const ChainRoles& roles, int64_t band, bool continued = false) const;

 private:
  enum Side { input, output };

  bool find_sides(const std::vector<Member>& members);
  bool set_side(const ValuePointer& value, Side side);
  bool allowed(const std::vector<Member>& members, const std::function<bool(const Value*)>& is_result);
  bool makes_all_rows() const;
  RowRange other(RowRange own) const;
  int64_t padding(int64_t band) const;
  int64_t overlap(int64_t band) const;

  std::unordered_map<const Value*, Side> side_;
  Side own_side_ = input;
  int64_t images_ = 0, height_[2] = {0, 0};
  int64_t stride_ = 1, reach_ = 1, padding_ = 0;
  bool stay_together_ = false;
  std::vector<RowRange> own_, other_;
  std::vector<int64_t> kinds_;
  std::vector<int> kind_of_;
};

}  // namespace gradmill
