#pragma once

#include <cstdint>

namespace gradmill {

struct AttentionAttributes {
  double scale = 1;     // of the products of queries and keys
  bool causal = false;  // query i sees keys 0 to i
  double rate = 0;      // share of the weights that dropout sets to 0
  // Query i is number first_query + i * query_step of `all_queries`, unless that is 0: then all are there.
  int64_t first_query = 0, query_step = 1, all_queries = 0;

  // Leaves every step-th query from `first` on, of so many.
  void choose_queries(int64_t first, int64_t step, int64_t of) {
    first_query += first * query_step;
    query_step *= step;
    if (all_queries == 0) all_queries = of;
  }
};

}  // namespace gradmill
