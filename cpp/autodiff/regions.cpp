#include "autodiff/regions.h"

#include <algorithm>
#include <limits>

namespace gradmill {
namespace {

bool lies_in(const Record& record, const Region& region) {
  for (const Region* each = record.region.get(); each; each = each->outer.get()) {
    if (each == &region) return true;
  }
  return false;
}

// The outermost divided region around the record, or null.
const Region* divided_around(const Record& record) {
  const Region* found = nullptr;
  for (const Region* each = record.region.get(); each; each = each->outer.get()) {
    if (each->kind == RegionKind::divided && each->repeats) found = each;
  }
  return found;
}

// Where to cut records so that they can be repeated piece by piece.
class Division {
 public:
  // The records from `begin` to `end`.
  Division(const std::vector<Record>& records, size_t begin, size_t end)
      : count_(end - begin), bytes_(count_), uses_(count_) {
    std::unordered_map<uint64_t, size_t> maker;  // of the memory of each value
    for (size_t k = begin; k < records.size(); ++k) {
      const Record& record = records[k];
      for (const Var& input : record.inputs) {
        const auto found = maker.find(input.id());
        if (found != maker.end()) uses_[found->second] = std::max(uses_[found->second], std::min(k, end) - begin);
      }
      if (k >= end) continue;
      if (record.op->traits.is_view) {
        const auto source = maker.find(record.inputs[0].id());
        if (source != maker.end()) maker.emplace(record.outputs[0].id(), source->second);
        continue;
      }
      for (const Var& output : record.outputs) {
        maker.emplace(output.id(), k - begin);
        bytes_[k - begin] += static_cast<double>(output.type().bytes());
      }
    }
  }

  // Ends of the pieces, the last of which is all of it. Tries pieces of several sizes; for each, dynamic programming
  // finds the cuts between which least is kept.
  std::vector<size_t> cuts() const {
    double total = 0, largest = 0, least = 0;
    for (double each : bytes_) total += each, largest = std::max(largest, each);
    std::vector<size_t> best{count_};
    least = total;
    for (double limit = total / 2; limit >= largest && limit > 0; limit *= step_between_sizes) {
      std::vector<size_t> found;
      const double need = cuts_within(limit, &found);
      if (need < least) least = need, best = found;
    }
    return best;
  }

 private:
  static constexpr double step_between_sizes = 0.8;

  // The bytes that are needed when no piece makes more than `limit`, and the cuts.
  double cuts_within(double limit, std::vector<size_t>* cuts) const {
    constexpr double never = std::numeric_limits<double>::infinity();
    std::vector<double> kept(count_ + 1, never);  // by all cuts up to here
    std::vector<size_t> before(count_ + 1, 0);
    kept[0] = 0;
    double least = never;
    size_t last = 0;
    for (size_t end = 1; end <= count_; ++end) {
      double made = 0, read_later = 0;
      for (size_t begin = end; begin-- > 0;) {
        made += bytes_[begin];
        if (uses_[begin] >= end) read_later += bytes_[begin];
        if (made > limit) break;
        if (end == count_) {  // the last piece is not repeated: all that it makes is there
          if (kept[begin] + limit < least) least = kept[begin] + limit, last = begin;
        } else if (kept[begin] + read_later < kept[end]) {
          kept[end] = kept[begin] + read_later, before[end] = begin;
        }
      }
    }
    if (least == never) return never;
    *cuts = {count_};
    for (; last > 0; last = before[last]) cuts->push_back(last);
    std::reverse(cuts->begin(), cuts->end());
    return least;
  }

  const size_t count_;
  std::vector<double> bytes_;  // that each record makes
  std::vector<size_t> uses_;   // the last record that reads what each makes
};

}  // namespace

void forget_values(std::vector<Record>& records, const Region& region) {
  size_t begin = records.size();
  std::unordered_set<uint64_t> made;
  while (begin > 0 && lies_in(records[begin - 1], region)) {
    for (const Var& output : records[--begin].outputs) made.insert(output.id());
  }
  const auto forget = [&](Var& value) {
    if (!value.in_graph() && made.count(value.id())) value = value.without_memory();
  };
  for (size_t k = begin; k < records.size(); ++k) {
    for (Var& input : records[k].inputs) forget(input);
    for (Var& output : records[k].outputs) forget(output);
  }
}

void arrange_regions(std::vector<Record>& records) {
  if (records.empty() || !records.back().outputs[0].in_graph()) return;
  const auto last = std::find_if(records.rbegin(), records.rend(), [](const Record& record) { return record.region; });
  if (last == records.rend()) return;
  for (Region* each = last->region.get(); each; each = each->outer.get()) {
    if (each->kind == RegionKind::repeated) each->repeats = false;
  }
  for (size_t begin = 0; begin < records.size(); ++begin) {
    const Region* region = divided_around(records[begin]);
    if (!region) continue;
    size_t end = begin;
    while (end < records.size() && lies_in(records[end], *region)) ++end;
    const bool is_last = std::none_of(records.begin() + static_cast<long>(end), records.end(),
                                      [](const Record& record) { return record.region; });
    const size_t start = begin;
    const RegionPointer outer = region->outer;
    for (const size_t cut : Division(records, start, end).cuts()) {
      const auto piece = std::make_shared<Region>(Region{outer, RegionKind::repeated, !is_last || start + cut != end});
      for (; begin < start + cut; ++begin) records[begin].region = piece;
    }
    --begin;
  }
}

Repetition::Repetition(const std::vector<Record>& records, const std::vector<bool>& on_path)
    : records_(records), on_path_(on_path) {
  if (std::none_of(records.begin(), records.end(), [](const Record& record) { return record.region; })) return;
  for (size_t k = 0; k < records.size(); ++k) {
    for (const Var& input : records[k].inputs) last_reader_[input.id()] = k;
  }
}

const Record& Repetition::at(size_t i) {
  std::vector<const Region*> around;
  for (const Region* each = records_[i].region.get(); each; each = each->outer.get()) {
    if (each->repeats && each->kind == RegionKind::repeated) around.push_back(each);
  }
  const Region* outermost = around.empty() ? nullptr : around.back();
  if (outermost != outermost_) again_.clear();  // who reads these from elsewhere has them
  outermost_ = outermost;
  if (around.empty()) return records_[i];
  for (auto each = around.rbegin(); each != around.rend(); ++each) {
    if (repeated_.insert(*each).second) repeat(**each, i);
  }
  record_ = records_[i];
  record_.inputs = present(record_.inputs);
  record_.outputs = present(record_.outputs);
  return record_;
}

Var Repetition::present(const Var& value) const {
  const auto found = again_.find(value.id());
  return found == again_.end() ? value : found->second;
}

Vars Repetition::present(const Vars& values) const {
  Vars result;
  for (const Var& value : values) result.push_back(present(value));
  return result;
}

void Repetition::repeat(const Region& region, size_t last) {
  size_t begin = last, end = last + 1;
  while (begin > 0 && lies_in(records_[begin - 1], region)) --begin;
  while (end < records_.size() && lies_in(records_[end], region)) ++end;
  // A value that is read behind the region is there anyway.
  std::unordered_set<uint64_t> needed, kept;
  for (size_t k = begin; k <= last; ++k) {
    for (const Var& output : records_[k].outputs) {
      const auto reader = last_reader_.find(output.id());
      if (reader == last_reader_.end() || reader->second < end) continue;
      for (const Var& input : records_[reader->second].inputs) {
        if (input.id() == output.id()) again_[output.id()] = present(input);
      }
      kept.insert(output.id());
    }
  }
  std::vector<bool> is_needed(last + 1 - begin, false);
  for (size_t k = last + 1; k-- > begin;) {
    const Record& record = records_[k];
    for (const Var& output : record.outputs) {
      if ((on_path_[k] || needed.count(output.id())) && !kept.count(output.id())) is_needed[k - begin] = true;
    }
    if (!on_path_[k] && !is_needed[k - begin]) continue;
    for (const Var& input : record.inputs) needed.insert(input.id());
  }
  const RepeatScope again;
  for (size_t k = begin; k <= last; ++k) {
    if (!is_needed[k - begin]) continue;
    const Record& record = records_[k];
    const ScopePath place(gradient_scope(record.scope));
    const Vars outputs = emit(*record.op, present(record.inputs), record.attributes);
    for (size_t o = 0; o < outputs.size(); ++o) {
      if (!kept.count(record.outputs[o].id())) again_[record.outputs[o].id()] = outputs[o];
    }
  }
}

}  // namespace gradmill
