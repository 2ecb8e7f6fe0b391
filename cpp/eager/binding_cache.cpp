#include "eager/binding_cache.h"

#include <list>
#include <unordered_map>

namespace gradmill {
namespace {

constexpr size_t capacity = 1024;

struct Key {
  int op;
  std::vector<TensorType> inputs;
  Attributes attributes;
};

size_t hash_call(int op, const Vars& inputs, const Attributes& attributes) {
  size_t seed = hash_of(attributes) * 31 + static_cast<size_t>(op);
  for (const Var& input : inputs) {
    seed = seed * 1000003 + static_cast<size_t>(input.dtype());
    for (int64_t size : input.shape()) seed = seed * 1000003 + static_cast<size_t>(size);
  }
  return seed;
}

bool matches(const Key& key, int op, const Vars& inputs, const Attributes& attributes) {
  if (key.op != op || key.inputs.size() != inputs.size()) return false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (key.inputs[i] != inputs[i].type()) return false;
  }
  return key.attributes == attributes;
}

struct Entry {
  size_t hash;
  Key key;
  std::shared_ptr<const Binding> binding;
};

struct Cache {
  std::list<Entry> entries;  // most recently used first
  std::unordered_multimap<size_t, std::list<Entry>::iterator> by_hash;

  void evict_last() {
    const auto last = std::prev(entries.end());
    const auto range = by_hash.equal_range(last->hash);
    for (auto it = range.first; it != range.second; ++it) {
      if (it->second == last) {
        by_hash.erase(it);
        break;
      }
    }
    entries.erase(last);
  }
};

}  // namespace

std::shared_ptr<const Binding> eager_binding(const OpDef& op, const Vars& inputs, const Attributes& attributes) {
  thread_local Cache cache;
  const size_t hash = hash_call(op.id, inputs, attributes);
  const auto range = cache.by_hash.equal_range(hash);
  for (auto it = range.first; it != range.second; ++it) {
    if (matches(it->second->key, op.id, inputs, attributes)) {
      cache.entries.splice(cache.entries.begin(), cache.entries, it->second);
      return it->second->binding;
    }
  }
  std::vector<TensorType> types;
  for (const Var& input : inputs) types.push_back(input.type());
  auto binding = std::make_shared<Binding>();
  binding->outputs = infer_types(op, types, attributes);
  binding->kernel = prepare_kernel(op, attributes, types, binding->outputs);
  cache.entries.push_front({hash, {op.id, std::move(types), attributes}, binding});
  cache.by_hash.emplace(hash, cache.entries.begin());
  if (cache.entries.size() > capacity) cache.evict_last();
  return binding;
}

}  // namespace gradmill
