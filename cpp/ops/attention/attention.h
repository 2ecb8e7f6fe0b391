#pragma once

namespace gradmill {

struct AttentionAttributes {
  double scale = 1;     // of the products of queries and keys
  bool causal = false;  // query i sees keys 0 to i
  double rate = 0;      // share of the weights that dropout sets to 0
};

}  // namespace gradmill
