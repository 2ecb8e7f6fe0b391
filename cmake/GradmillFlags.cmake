# Compiler flags shared by our targets.

# Every unit that is not built once per level runs on every supported machine, so it gets the
# lowest level. CMAKE_SYSTEM_PROCESSOR tells the target also when cross compiling.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(GRADMILL_BASELINE_FLAGS -march=x86-64-v2)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(GRADMILL_BASELINE_FLAGS -march=armv8-a)
else()
  message(FATAL_ERROR "GradMill knows the processors x86_64 and aarch64; received \"${CMAKE_SYSTEM_PROCESSOR}\".")
endif()

if(GRADMILL_SANITIZE)
  # The checks for null pointers and object types make much code, and what they find stops the program anyway.
  add_compile_options(-fsanitize=${GRADMILL_SANITIZE} -fno-sanitize=null,vptr -fno-sanitize-recover=all
    -fno-omit-frame-pointer -O1 -g1)
  add_link_options(-fsanitize=${GRADMILL_SANITIZE})
endif()

# Warnings and visibility, for every target of ours. Sections let the linker drop what is unused.
function(gradmill_set_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -ffunction-sections -fdata-sections)
  if(GRADMILL_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

function(gradmill_set_baseline_flags target)
  target_compile_options(${target} PRIVATE ${GRADMILL_BASELINE_FLAGS})
endfunction()

# Reading the standard library is a third of the time of a build. Compiler caches know the headers by themselves and
# cannot keep what was compiled with precompiled ones.
if(CMAKE_CXX_COMPILER_LAUNCHER AND NOT DEFINED CMAKE_DISABLE_PRECOMPILE_HEADERS)
  set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
endif()

# More headers may follow the target.
function(gradmill_precompile_headers target)
  target_precompile_headers(${target} PRIVATE <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <cstdint> <cstring>
    <functional> <limits> <map> <memory> <mutex> <optional> <sstream> <string> <unordered_map> <unordered_set> <utility>
    <vector> ${ARGN})
endfunction()
