// What was measured on this machine and need not be measured again: a choice by name for each key, kept on disk as
// tuning-*.txt below $XDG_CACHE_HOME/gradmill or ~/.cache/gradmill. A line has a key, a tab and a choice; the first names
// the version of the file, the processor and the level of its kernels, and a file that begins otherwise is not read.
// Damaged lines are left out, and a folder that cannot be written to is no error: the choices then live as long as the
// process does. GRADMILL_LOG=tuning tells of all that.
#pragma once

#include <string>

namespace gradmill {

// The choice of the key, or "" where there is none. May be called from several threads.
std::string cached_choice(const std::string& key);
// Neither may hold tabs or line breaks.
void cache_choice(const std::string& key, const std::string& choice);

}  // namespace gradmill
