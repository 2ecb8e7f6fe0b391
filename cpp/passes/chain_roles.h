// How a node can run piece by piece: which of its inputs are cut into pieces, which every piece reads whole, and whether
// the pieces of a result lie one behind the other or are parts of one sum.
#pragma once

#include <optional>

#include "graph/graph.h"

namespace gradmill {

enum class InputRole : uint8_t {
  whole,      // every piece reads all of it
  cut,        // a piece reads its own part of the memory
  per_image,  // (images, 1, ..., 1, channels): one line for all rows of an image
};

enum class OutputRole : uint8_t {
  cut,
  added,      // the pieces' results are added
  per_image,  // those of the rows of an image are added: one line for each
  moments,    // of the pair mean and variance, which are joined
};

// Pieces are rows (all axes but the last are one) or whole images (entries of the first axis).
struct ChainRoles {
  int64_t rows = 0;      // of every cut value, if it can be cut between any two rows, else 0
  int64_t images = 0;    // if it can be cut between images, and is known to have them, else 0
  std::vector<InputRole> inputs;
  std::vector<OutputRole> outputs;
};

// Nothing for a node that must see everything at once.
std::optional<ChainRoles> chain_roles(const Node& node);

// From so many images on workers share them as wholes, where the pieces of an image must follow each other on one worker.
constexpr int64_t fewest_whole_images = 16;

// What a chain's values are cut into: rows, or images.
struct Grain {
  bool by_rows;
  int64_t total;  // rows or images of the whole
};

// A node's problem for `count` rows or images; of images only `band_rows` rows of pixels, unless 0.
struct PieceOfNode {
  Attributes attributes;
  std::vector<TensorType> inputs, outputs;
};
PieceOfNode piece_of_node(const Node& node, const ChainRoles& roles, const Grain& grain, int64_t count,
                          int64_t band_rows = 0);

// All axes but the last as one.
int64_t rows_of(const Shape& shape);

}  // namespace gradmill
