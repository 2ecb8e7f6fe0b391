#pragma once
// Asking for what the worker will read next, from within a kernel's arithmetic (see runtime/ahead.h).

#include "runtime/ahead.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

template <int LINES>
__attribute__((always_inline)) static inline void fetch_ahead(Ahead* ahead) {
  if (!has_more(ahead)) return;
  AheadLines lines = take_ahead(ahead, LINES, nullptr);
#pragma GCC unroll 16
  for (int i = 0; i < LINES; ++i, lines.at += lines.step) __builtin_prefetch(lines.at, 0, 2);
}

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
