// Op definitions by number and name. This file sees no kernel.
#include "registry/registry.h"

#include <unordered_map>

#include "base/nearest.h"

namespace gradmill {

#define OP(name, family, cpu, cuda) OpDef define_##name();
#include "registry/catalogue.def"
#undef OP

namespace {

constexpr Realization KERNEL = Realization::kernel, TILE = Realization::tile, VIEW = Realization::view,
                      DECOMPOSE = Realization::decompose;

constexpr CatalogueRow rows[op_count] = {
#define OP(name, family, cpu, cuda) {#name, #family, cpu},
#include "registry/catalogue.def"
#undef OP
};
static_assert(DECOMPOSE == Realization::decompose);

struct Catalogue {
  std::vector<OpDef> definitions;
  std::unordered_map<std::string, int> by_name;

  Catalogue() {
    definitions.reserve(op_count);
#define OP(name, family, cpu, cuda) definitions.push_back(define_##name());
#include "registry/catalogue.def"
#undef OP
    for (int id = 0; id < op_count; ++id) {
      definitions[id].id = id;
      by_name.emplace(rows[id].name, id);
    }
  }
};

const Catalogue& catalogue() {
  static const Catalogue instance;
  return instance;
}

}  // namespace

const OpDef& op_definition(int id) { return catalogue().definitions[id]; }
const OpDef& op_definition(OpId id) { return op_definition(static_cast<int>(id)); }

const OpDef& op_definition(const std::string& name) {
  const auto found = catalogue().by_name.find(name);
  if (found == catalogue().by_name.end()) {
    std::vector<std::string> known;
    for (const auto& row : rows) known.emplace_back(row.name);
    throw ArgumentError(text("op: unknown name '", name, "'", did_you_mean(name, known)));
  }
  return op_definition(found->second);
}

const CatalogueRow& catalogue_row(int id) { return rows[id]; }

BufferType buffer_type(const TensorType& type) {
  BufferType result{};
  result.dtype = type.dtype;
  result.rank = type.shape.rank();
  for (int i = 0; i < result.rank; ++i) result.dims[i] = type.shape[i];
  result.elements = type.elements();
  return result;
}

}  // namespace gradmill
