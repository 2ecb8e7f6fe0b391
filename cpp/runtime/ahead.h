// What a worker will read next. Kernels whose arithmetic takes longer than their memory ask for some of it now and then,
// so that it is in the second-level cache when its turn comes. Plain functions only: this header is included by files
// that are compiled once per instruction set.
#pragma once

#include <cstddef>

namespace gradmill {

struct Ahead {
  static constexpr int most_ranges = 12;
  static constexpr size_t most_bytes = 256 * 1024;  // half of a second-level cache of usual size
  static constexpr long line = 64;

  // `lines` cache lines, `step` bytes apart, then the same `columns` - 1 times more, each time a line further: memory in
  // one piece, or the rows of a matrix.
  struct Range {
    const char *first, *at;
    long step, lines, columns;
    long left;  // lines of this column
  };
  Range ranges[most_ranges];
  int next, count;  // the first that is not fetched yet, and how many there are
  size_t bytes;
};

// Of the chain that this thread runs, else null.
Ahead* worker_ahead();
void set_worker_ahead(Ahead* ahead);

static inline void clear(Ahead& ahead) {
  ahead.next = ahead.count = 0;
  ahead.bytes = 0;
}

// Ranges that are known or do not fit are left out. What is needed `soon` comes before the others.
static inline void add_rows(Ahead& ahead, const void* first, long step, long rows, long row_bytes, bool soon = false) {
  const char* const at = static_cast<const char*>(first);
  const long columns = (row_bytes + Ahead::line - 1) / Ahead::line;
  const auto bytes = static_cast<size_t>(rows * columns * Ahead::line);
  if (bytes == 0 || ahead.count == Ahead::most_ranges || (!soon && ahead.bytes + bytes > Ahead::most_bytes)) return;
  for (int i = 0; i < ahead.count; ++i) {
    if (ahead.ranges[i].first == at) return;
  }
  int place = ahead.count++;
  for (; soon && place > ahead.next; --place) ahead.ranges[place] = ahead.ranges[place - 1];
  ahead.ranges[place] = {at, at, step, rows, columns, rows};
  ahead.bytes += bytes;
}

static inline void add_range(Ahead& ahead, const char* first, size_t bytes) {
  add_rows(ahead, first, Ahead::line, (static_cast<long>(bytes) + Ahead::line - 1) / Ahead::line, 1);
}

static inline bool has_more(const Ahead* ahead) { return ahead && ahead->next < ahead->count; }

// Cache lines to fetch, `step` bytes apart; without anything to fetch all are the one at `otherwise`.
struct AheadLines {
  const char* at;
  long step;
};

static inline AheadLines take_ahead(Ahead* ahead, long lines, const void* otherwise) {
  if (!has_more(ahead)) return {static_cast<const char*>(otherwise), 0};
  Ahead::Range& range = ahead->ranges[ahead->next];
  const AheadLines taken{range.at, range.step};
  range.at += lines * range.step;
  range.left -= lines;
  if (range.left <= 0) {
    range.at = range.first += Ahead::line;
    range.left = range.lines;
    if (--range.columns == 0) ++ahead->next;
  }
  return taken;
}

}  // namespace gradmill
