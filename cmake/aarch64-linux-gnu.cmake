# Cross compiling for 64-bit Arm with Debian's packages g++-aarch64-linux-gnu and qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
# Eigen3 and doctest are headers only, so the host's are right for every processor.
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE BOTH)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)

find_program(GRADMILL_QEMU NAMES qemu-aarch64 qemu-aarch64-static)
if(GRADMILL_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${GRADMILL_QEMU};-L;/usr/aarch64-linux-gnu")
endif()
