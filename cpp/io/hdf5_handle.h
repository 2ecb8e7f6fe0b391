// Ownership and errors of libhdf5's identifiers. Only files of this folder include libhdf5.
//
// Serial builds of libhdf5 are not safe for threads: whoever calls it in this process holds hdf5_mutex().
#pragma once

#ifndef H5_USE_110_API
#define H5_USE_110_API
#endif
#include <hdf5.h>

#include <mutex>
#include <string>
#include <utility>

namespace gradmill {

std::mutex& hdf5_mutex();

// Turns off libhdf5's printing to stderr. Call before other functions of the library.
void silence_hdf5();

// What libhdf5 noted about its last failure, innermost reason first; empty when it noted nothing. Clears the notes.
std::string take_hdf5_reason();

// An identifier that is closed when it leaves its scope.
class Hdf5Handle {
 public:
  using Closer = herr_t (*)(hid_t);

  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, Closer closer) : id_(id), closer_(closer) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), closer_(other.closer_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(closer_, other.closer_);
    return *this;
  }
  ~Hdf5Handle() {
    if (id_ >= 0) {
      closer_(id_);
    }
  }

  hid_t get() const { return id_; }
  bool valid() const { return id_ >= 0; }

  // Closes now; false when libhdf5 could not finish, for example because the disk is full.
  bool close() {
    hid_t id = std::exchange(id_, H5I_INVALID_HID);
    return id < 0 || closer_(id) >= 0;
  }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Closer closer_ = nullptr;
};

}  // namespace gradmill
