#pragma once
// A stable sort of one line of values, alone or with their places. NaN stands behind every number.
#include "cpu/axis_split.h"

namespace gradmill::GM_ISA_NAMESPACE {

template <class T> struct SortValue {
  T key;
};
template <class T> struct SortPlace {
  T key;
  int32_t place;
};

// Whether a has to stand before b.
template <bool descending, class T>
GM_INLINE bool precedes(T a, T b) {
  return (descending ? a > b : a < b) || (b != b && a == a);
}

// Sorted runs of this length are made by insertion, then merged in pairs.
constexpr int64_t sort_run = 16;

// Sorts `items`; `spare` has room for as many. Returns the one of the two that holds the result.
template <bool descending, class Item>
static inline Item* merge_sort(Item* items, Item* spare, int64_t n) {
  for (int64_t first = 0; first < n; first += sort_run) {
    const int64_t last = lesser(first + sort_run, n);
    for (int64_t i = first + 1; i < last; ++i) {
      const Item item = items[i];
      int64_t j = i;
      for (; j > first && precedes<descending>(item.key, items[j - 1].key); --j) items[j] = items[j - 1];
      items[j] = item;
    }
  }
  for (int64_t run = sort_run; run < n; run *= 2) {
    for (int64_t first = 0; first < n; first += 2 * run) {
      const int64_t middle = lesser(first + run, n), last = lesser(first + 2 * run, n);
      int64_t left = first, right = middle, to = first;
      while (left < middle && right < last) {  // without branches that depend on the values
        const bool take_right = precedes<descending>(items[right].key, items[left].key);
        spare[to++] = items[take_right ? right : left];
        right += take_right;
        left += !take_right;
      }
      while (left < middle) spare[to++] = items[left++];
      while (right < last) spare[to++] = items[right++];
    }
    Item* swapped = items;
    items = spare;
    spare = swapped;
  }
  return items;
}

}  // namespace gradmill::GM_ISA_NAMESPACE
