#include "runtime/tuning_cache.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>

#include "base/cpu_features.h"
#include "base/log.h"

namespace gradmill {
namespace {

namespace fs = std::filesystem;
using Choices = std::map<std::string, std::string>;

// Changes with the kernels: what was measured before says nothing about those of now.
constexpr const char* version = "gradmill tuning 1";
constexpr uintmax_t largest_file = 4 << 20;

std::string header() { return text(version, "; ", instruction_set(), "; ", cpu_model()); }

// Empty where this process has no place for caches. Machines that share a home have files of their own.
fs::path file_path() {
  const auto folder = [](const char* variable) {
    const char* value = std::getenv(variable);
    return fs::path(value && *value == '/' ? value : "");
  };
  fs::path place = folder("XDG_CACHE_HOME");
  if (place.empty() && !folder("HOME").empty()) place = folder("HOME") / ".cache";
  if (place.empty()) return place;
  const size_t machine = std::hash<std::string>()(cpu_model());
  return place / "gradmill" / text("tuning-", instruction_set(), "-", std::hex, machine, ".txt");
}

Choices read(const fs::path& path) {
  Choices choices;
  std::error_code error;
  const uintmax_t size = fs::is_regular_file(path, error) ? fs::file_size(path, error) : 0;
  if (error || size == 0) return choices;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  if (size > largest_file || !std::getline(file, line) || line != header()) {
    GM_LOG("tuning", path.string(), " is not a file of this version and processor; it is not used");
    return choices;
  }
  int damaged = 0;
  while (std::getline(file, line)) {
    const size_t tab = line.find('\t');
    const bool whole = !file.eof() && tab != std::string::npos && tab > 0 && tab + 1 < line.size();
    if (whole) choices[line.substr(0, tab)] = line.substr(tab + 1);
    else ++damaged;
  }
  if (damaged) GM_LOG("tuning", path.string(), ": ", damaged, " damaged lines are not used");
  return choices;
}

// Under a name of its own first, so that nobody reads half a file. Returns whether it worked.
bool write(const fs::path& path, const Choices& choices) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  fs::path fresh = path;
  fresh += text(".", getpid());
  {
    std::ofstream file(fresh, std::ios::binary);
    file << header() << "\n";
    for (const auto& [key, choice] : choices) file << key << "\t" << choice << "\n";
    file.close();
    if (file) fs::rename(fresh, path, error);
    if (file && !error) return true;
  }
  fs::remove(fresh, error);
  return false;
}

struct Cache {
  std::mutex mutex;
  fs::path path = file_path();
  Choices choices = read(path);
};

Cache& cache() {
  static Cache instance;
  return instance;
}

}  // namespace

std::string cached_choice(const std::string& key) {
  Cache& known = cache();
  const std::lock_guard<std::mutex> lock(known.mutex);
  const auto found = known.choices.find(key);
  return found == known.choices.end() ? "" : found->second;
}

void cache_choice(const std::string& key, const std::string& choice) {
  Cache& known = cache();
  const std::lock_guard<std::mutex> lock(known.mutex);
  known.choices[key] = choice;
  if (known.path.empty()) return;
  // Another process may have written since; what both measured stays as it is here.
  Choices all = read(known.path);
  for (const auto& [other_key, other_choice] : known.choices) all[other_key] = other_choice;
  if (!write(known.path, all)) GM_LOG("tuning", known.path.string(), " cannot be written; choices are kept in memory");
}

}  // namespace gradmill
