#include "io/hdf5_limits.h"

#include <cmath>
#include <cstdio>
#include <sys/resource.h>
#include <unistd.h>

namespace gradmill {

namespace {

// Zero until a process has given up its freedom; elsewhere allow_dataset must not limit the user's program.
double processor_seconds = 0;

void set_soft_limit(decltype(RLIMIT_AS) resource, rlim_t wanted) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max != RLIM_INFINITY && wanted > limit.rlim_max ? limit.rlim_max : wanted;
    setrlimit(resource, &limit);
  }
}

void limit_memory(uint64_t bytes) {
#ifdef __linux__
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long long pages = 0;
  bool known = file != nullptr && std::fscanf(file, "%llu", &pages) == 1;
  if (file != nullptr) {
    std::fclose(file);
  }
  if (known) {
    set_soft_limit(RLIMIT_AS, pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (rlim_t{1} << 30) + bytes);
  }
#else
  (void)bytes;  // address space in use is not known here
#endif
}

}  // namespace

uint64_t machine_memory() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

void limit_this_process(uint64_t size) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  processor_seconds = 2 + static_cast<double>(size) / 2e6;
  allow_dataset(0);
}

void allow_dataset(uint64_t bytes) {
  if (processor_seconds == 0) {
    return;
  }
  processor_seconds += static_cast<double>(bytes) / 20e6;
  set_soft_limit(RLIMIT_CPU, static_cast<rlim_t>(std::ceil(processor_seconds)));
  limit_memory(bytes);
}

}  // namespace gradmill
