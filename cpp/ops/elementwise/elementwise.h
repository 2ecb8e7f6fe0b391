#pragma once

#include "registry/attributes.h"
#include "registry/input_conversion.h"

namespace gradmill {

struct BroadcastAttributes {
  Ints shape;
};

struct IotaAttributes {
  int64_t length = 0;
  DType dtype = DType::int32;
};

struct FusedTileAttributes {
  TileGroupPointer group;
};

}  // namespace gradmill
