#include "io/hdf5_reader.h"

#include "base/error.h"
#include "io/hdf5_limits.h"
#include "io/hdf5_superblock.h"
#include "io/hdf5_walk.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace gradmill {

namespace {

// The child's answer: values from byte 64 on, then the encoded tree or the text of an error. This head is written last.
struct Answer {
  uint64_t finished;  // finished_mark, else the child died
  uint64_t refused;   // 1: the text of an ArgumentError, 2: of a shortage in the system
  uint64_t offset;
  uint64_t size;
};
constexpr uint64_t finished_mark = 0x6772616453746f70;

[[noreturn]] void fail(int code, const std::string& what) {
  throw std::system_error(code, std::generic_category(), what);
}

class Pipe {
 public:
  Pipe() {
    if (pipe(ends_) != 0) {
      fail(errno, "hdf5: could not make a pipe");
    }
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int read_end() const { return ends_[0]; }
  void close_end(int which) {
    if (ends_[which] >= 0) {
      close(ends_[which]);
      ends_[which] = -1;
    }
  }

 private:
  int ends_[2] = {-1, -1};
};

class FileDescriptor {
 public:
  // A path that names a pipe would block without O_NONBLOCK.
  explicit FileDescriptor(const std::string& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor_ < 0) {
      fail(errno, path);
    }
  }
  ~FileDescriptor() { close(descriptor_); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

void write_answer(SharedMemory& memory, uint64_t refused, const std::string& bytes) {
  Answer answer{finished_mark, refused, memory.append(bytes.size()), bytes.size()};
  memory.write(answer.offset, bytes.data(), bytes.size());
  memory.write(0, &answer, sizeof(answer));
}

void answer(std::byte* image, uint64_t size, const Hdf5ReadOptions& options, SharedMemory& memory) {
  try {
    write_answer(memory, 0, encode_snapshot(walk_hdf5(image, size, options.label, options.with_values, memory)));
  } catch (const Error& error) {
    write_answer(memory, 1, error.what());
  } catch (const std::bad_alloc&) {
    write_answer(memory, 1, text(options.label, ": expected a file whose structure needs less than 1 GiB of memory; "
                                 "received one that asks for more; it is damaged or made to exhaust memory"));
  } catch (const std::exception& error) {
    write_answer(memory, 2, text(options.label, ": ", error.what()));
  }
}

[[noreturn]] void be_child(std::byte* image, uint64_t size, const Hdf5ReadOptions& options, SharedMemory& memory) {
  // Handlers inherited from the parent (such as those that print Python's stack) are not for this process.
  for (int signal_number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTERM, SIGXCPU}) {
    signal(signal_number, SIG_DFL);
  }
  signal(SIGINT, SIG_IGN);  // Ctrl-C is the parent's to answer
  // A library that ends in abort() must not write its message into the user's terminal.
  int null = open("/dev/null", O_RDWR);
  dup2(null, 1);
  dup2(null, 2);
  limit_this_process(size);
  try {
    answer(image, size, options, memory);
  } catch (...) {
    _exit(1);  // the parent sees an unfinished answer
  }
  _exit(0);
}

// Waits until the child has closed its end of the pipe by ending. False when the time is over.
bool wait_for_end(int descriptor, double seconds) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point end = Clock::now() + std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  for (;;) {
    int64_t left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left < 0) {
      return false;
    }
    pollfd watched{descriptor, POLLIN, 0};
    if (poll(&watched, 1, static_cast<int>(left < 1000 ? left + 1 : 1000)) > 0) {
      return true;
    }
  }
}

void run_child(std::byte* image, uint64_t size, const Hdf5ReadOptions& options, SharedMemory& memory) {
  Pipe pipe;
  pid_t child;
  {
    // No other thread may be inside libhdf5 while its state is copied.
    std::lock_guard<std::mutex> lock(hdf5_mutex());
    child = fork();
  }
  if (child == 0) {
    pipe.close_end(0);
    be_child(image, size, options, memory);
  }
  if (child < 0) {
    fail(errno, "hdf5: could not start the process that reads the file");
  }
  pipe.close_end(1);
  // The child's limit of processor time comes first, unless it waits for something.
  bool in_time = wait_for_end(pipe.read_end(), 60 + static_cast<double>(size) / 1e6);
  if (!in_time) {
    kill(child, SIGKILL);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)) {
    throw ArgumentError(text(options.label, ": expected an HDF5 file that is read in the time its size allows; "
                             "received one on which the HDF5 library does not end; the file is damaged"));
  }
}

}  // namespace

Hdf5Contents read_hdf5(const std::byte* bytes, size_t size, const Hdf5ReadOptions& options) {
  check_superblock(bytes, size, options.label);
  SharedMemory memory;
  memory.append(sizeof(Answer));
  run_child(const_cast<std::byte*>(bytes), size, options, memory);  // the child's own copy, once it is written to
  uint64_t total = memory.size();
  Hdf5Contents contents;
  contents.values = MappedBytes(memory.descriptor(), 0, total, false);
  Answer answer;
  std::memcpy(&answer, contents.values.data(), sizeof(answer));
  if (answer.finished != finished_mark || answer.offset > total || answer.size > total - answer.offset) {
    throw ArgumentError(text(options.label, ": expected an HDF5 file that can be read; received one on which the HDF5 "
                             "library fails (it crashed in a process of its own, this one is unharmed); the file is "
                             "damaged, copy or save it again"));
  }
  const std::byte* found = contents.values.data() + answer.offset;
  if (answer.refused != 0) {
    std::string message(reinterpret_cast<const char*>(found), answer.size);
    if (answer.refused == 1) {
      throw ArgumentError(message);
    }
    fail(ENOMEM, message);
  }
  contents.root = decode_snapshot(found, answer.size, total);
  return contents;
}

Hdf5Contents read_hdf5_file(const std::string& path, const Hdf5ReadOptions& options) {
  FileDescriptor file(path);
  struct stat status;
  if (fstat(file.get(), &status) != 0) {
    fail(errno, path);
  }
  if (!S_ISREG(status.st_mode)) {
    throw ArgumentError(text(options.label, ": expected a regular file; received a ",
                             S_ISDIR(status.st_mode) ? "folder" : "device or pipe", "; give the path of an HDF5 file"));
  }
  MappedBytes bytes(file.get(), 0, static_cast<uint64_t>(status.st_size), false);
  return read_hdf5(bytes.data(), bytes.size(), options);
}

}  // namespace gradmill
