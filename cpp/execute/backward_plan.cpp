#include "execute/backward_plan.h"

#include <algorithm>
#include <list>
#include <unordered_set>

#include "base/settings.h"
#include "execute/plan.h"
#include "graph/graph_emitter.h"
#include "registry/input_conversion.h"

namespace gradmill {
namespace {

// Compiling takes as long as some hundred ops: tapes that do not come again are not worth it.
constexpr int sightings_worth_a_plan = 3;
constexpr uint64_t unknown = UINT64_MAX;

// What two tapes must share to be differentiated by the same plan: ops, attributes, types, and which value goes where.
// Values are numbered in the order in which they first appear.
struct TapeForm {
  std::vector<uint64_t> numbers;
  std::vector<Attributes> attributes;
  size_t hash = 0;
  Vars values;  // of this tape, by number; not compared
  std::vector<size_t> targets, seeds, sources;

  bool operator==(const TapeForm& other) const {
    return hash == other.hash && numbers == other.numbers && attributes == other.attributes;
  }
};

class TapeReader {
 public:
  TapeForm read(const std::vector<Record>& records, const Vars& targets, const Vars& seeds,
                const std::vector<uint64_t>& sources) {
    form_.numbers.reserve(records.size() * 8);
    form_.attributes.reserve(records.size());
    add(static_cast<uint64_t>(default_float()));
    for (const Record& record : records) {
      add(static_cast<uint64_t>(record.op->id));
      add(record.inputs.size());
      for (const Var& input : record.inputs) add(number_of(input));
      for (const Var& output : record.outputs) add(number_of(output));
      add_region(record.region.get());
      form_.attributes.push_back(record.attributes);
      mix(hash_of(record.attributes));
    }
    for (size_t i = 0; i < targets.size(); ++i) {
      form_.targets.push_back(number_of(targets[i]));
      form_.seeds.push_back(number_of(seeds[i]));
      add(form_.targets.back());
      add(form_.seeds.back());
    }
    for (uint64_t source : sources) {
      const auto found = number_of_id_.find(source);
      add(found == number_of_id_.end() ? unknown : found->second);
      if (found != number_of_id_.end()) form_.sources.push_back(found->second);
    }
    return std::move(form_);
  }

 private:
  void mix(size_t value) { form_.hash = form_.hash * 1000003 + value; }

  void add(uint64_t number) {
    form_.numbers.push_back(number);
    mix(number);
  }

  void add_region(const Region* region) {
    for (; region; region = region->outer.get()) {
      if (region->repeats) add(regions_.emplace(region, regions_.size() + 1).first->second);
    }
    add(0);
  }

  size_t number_of(const Var& value) {
    const auto inserted = number_of_id_.emplace(value.id(), form_.values.size());
    if (inserted.second) {
      form_.values.push_back(value);
      add(static_cast<uint64_t>(value.dtype()));
      add(static_cast<uint64_t>(value.shape().rank()));
      for (int64_t size : value.shape()) add(static_cast<uint64_t>(size));
    } else if (value.has_memory()) {
      form_.values[inserted.first->second] = value;  // a region may have given back what another reader still has
    }
    return inserted.first->second;
  }

  TapeForm form_;
  std::unordered_map<uint64_t, size_t> number_of_id_;
  std::unordered_map<const Region*, uint64_t> regions_;
};

struct BackwardPlan {
  std::unique_ptr<Plan> plan;           // null when no source gets a gradient
  std::vector<size_t> inputs, sources;  // numbers of the values that it reads, and whose gradients it gives
};

// The inputs that something reads, in order; the others are taken out of the graph.
std::vector<size_t> keep_used_inputs(Graph& graph) {
  std::unordered_set<const Value*> used;
  for (const auto& node : graph.nodes) {
    for (const auto& input : node->inputs) used.insert(input.get());
  }
  for (const auto& output : graph.outputs) used.insert(output.get());
  std::vector<size_t> numbers;
  std::vector<ValuePointer> kept;
  for (const auto& input : graph.inputs) {
    if (!used.count(input.get())) continue;
    numbers.push_back(static_cast<size_t>(input->index));
    input->index = static_cast<int>(kept.size());
    kept.push_back(input);
  }
  graph.inputs = std::move(kept);
  return numbers;
}

BackwardPlan compile(const TapeForm& form, const std::vector<Record>& records) {
  auto graph = std::make_unique<Graph>();
  GraphEmitter emitter(*graph);
  std::unordered_map<uint64_t, Var> twin_of;
  Vars twins;
  for (const Var& value : form.values) {
    twins.emplace_back(graph->add_input(value.type()));
    twin_of.emplace(value.id(), twins.back());
  }
  std::vector<Record> traced = records;
  for (Record& record : traced) {
    for (Var& input : record.inputs) input = twin_of.at(input.id());
    for (Var& output : record.outputs) output = twin_of.at(output.id());
  }
  Vars targets, seeds;
  std::vector<uint64_t> sources;
  for (size_t number : form.targets) targets.push_back(twins[number]);
  for (size_t number : form.seeds) seeds.push_back(twins[number]);
  for (size_t number : form.sources) sources.push_back(twins[number].id());
  BackwardPlan result;
  {
    const EmitterScope scope(&emitter);
    const GradientMap gradients = walk_in_reverse(traced, targets, seeds, sources);
    for (size_t number : form.sources) {
      const auto found = gradients.find(twins[number].id());
      if (found == gradients.end()) continue;
      result.sources.push_back(number);
      graph->outputs.push_back(emitter.lift(found->second));
    }
  }
  if (result.sources.empty()) return result;
  result.inputs = keep_used_inputs(*graph);
  result.plan = std::make_unique<Plan>(std::move(graph), PassSet::exact);
  return result;
}

struct Entry {
  TapeForm form;
  int sightings = 0;
  bool compiled = false, refused = false;
  BackwardPlan backward;
};

// The entry of a form, in front of the others.
Entry& entry_of(std::list<Entry>& entries, TapeForm& form) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.form == form; });
  if (found != entries.end()) {
    entries.splice(entries.begin(), entries, found);
  } else {
    entries.emplace_front();
    entries.front().form = form;
    entries.front().form.values.clear();  // they would stay in memory
    if (entries.size() > static_cast<size_t>(std::max(settings().plan_cache_size, 1))) entries.pop_back();
  }
  return entries.front();
}

// Whether this is a tape of tensors, whose gradients nobody else has to see.
bool can_be_planned(const std::vector<Record>& records, const Vars& targets, const Vars& seeds) {
  const auto in_graph = [](const Var& value) { return value.in_graph(); };
  const auto any_in_graph = [&](const Vars& values) { return std::any_of(values.begin(), values.end(), in_graph); };
  if (current_emitter().tracing() || is_recording() || settings().check_nan) return false;
  if (any_in_graph(targets) || any_in_graph(seeds)) return false;
  return std::none_of(records.begin(), records.end(), [&](const Record& record) {
    return any_in_graph(record.inputs) || any_in_graph(record.outputs);
  });
}

}  // namespace

GradientMap walk_by_plan(const std::vector<Record>& records, const Vars& targets, const Vars& seeds,
                         const std::vector<uint64_t>& sources) {
  if (!can_be_planned(records, targets, seeds)) return walk_in_reverse(records, targets, seeds, sources);
  thread_local std::list<Entry> entries;
  TapeForm form = TapeReader().read(records, targets, seeds, sources);
  Entry& entry = entry_of(entries, form);
  if (!entry.refused && !entry.compiled && ++entry.sightings >= sightings_worth_a_plan) {
    try {
      entry.backward = compile(form, records);
      entry.compiled = true;
    } catch (const std::exception&) {
      entry.refused = true;  // the walk below says why, as it does without plans
    }
  }
  if (!entry.compiled) return walk_in_reverse(records, targets, seeds, sources);
  GradientMap gradients;
  if (!entry.backward.plan) return gradients;
  std::vector<Tensor> inputs;
  inputs.reserve(entry.backward.inputs.size());
  for (size_t number : entry.backward.inputs) inputs.push_back(form.values[number].tensor());
  std::vector<Tensor> results = entry.backward.plan->run(inputs);
  for (size_t i = 0; i < results.size(); ++i) {
    gradients.emplace(form.values[entry.backward.sources[i]].id(), Var(std::move(results[i])));
  }
  return gradients;
}

}  // namespace gradmill
