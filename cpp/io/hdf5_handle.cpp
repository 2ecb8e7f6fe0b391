#include "io/hdf5_handle.h"

namespace gradmill {

namespace {

herr_t note_reason(unsigned depth, const H5E_error2_t* error, void* reason) {
  // Two levels say what failed and why; the rest is libhdf5's own call chain.
  if (depth < 2 && error->desc != nullptr) {
    std::string& text = *static_cast<std::string*>(reason);
    text += (text.empty() ? "" : ", ") + std::string(error->desc);
  }
  return 0;
}

}  // namespace

std::mutex& hdf5_mutex() {
  static std::mutex mutex;
  return mutex;
}

void silence_hdf5() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

std::string take_hdf5_reason() {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, note_reason, &reason);
  H5Eclear2(H5E_DEFAULT);
  return reason;
}

}  // namespace gradmill
