# Finds what GradMill is built from. A missing piece stops the configuration with its name and the command
# that installs it. Results: OpenMP::OpenMP_CXX, gradmill_blas, and with the Python modules
# pybind11 and gradmill_libhdf5.

function(gradmill_missing name purpose command)
  message(FATAL_ERROR "GradMill needs ${name} (${purpose}), which was not found. Install it with\n  ${command}\nand run the build again.")
endfunction()

find_package(OpenMP QUIET COMPONENTS CXX)
if(NOT OpenMP_CXX_FOUND)
  gradmill_missing("OpenMP for C++" "threads" "sudo apt-get install g++")
endif()

if(GRADMILL_BUILD_PYTHON)
  # A checkout's own environment is preferred, so that presets need no argument.
  set(checkout_python "${CMAKE_CURRENT_SOURCE_DIR}/.venv/bin/python")
  if(NOT DEFINED Python_EXECUTABLE AND NOT DEFINED ENV{VIRTUAL_ENV} AND EXISTS "${checkout_python}")
    set(Python_EXECUTABLE "${checkout_python}")
  endif()
  find_package(Python 3.9 QUIET COMPONENTS Interpreter Development.Module)
  if(NOT Python_Interpreter_FOUND)
    gradmill_missing("Python 3.9 or newer" "the package itself" "sudo apt-get install python3")
  elseif(NOT Python_Development.Module_FOUND)
    gradmill_missing("the headers of ${Python_EXECUTABLE}" "the extension modules" "sudo apt-get install python3-dev")
  endif()

  if(NOT pybind11_DIR)
    execute_process(COMMAND "${Python_EXECUTABLE}" -m pybind11 --cmakedir
      OUTPUT_VARIABLE pybind11_hint OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  set(PYBIND11_FINDPYTHON ON)
  find_package(pybind11 2.11 QUIET CONFIG HINTS "${pybind11_hint}")
  if(NOT pybind11_FOUND)
    gradmill_missing("pybind11" "the bindings" "${Python_EXECUTABLE} -m pip install pybind11")
  endif()

  set(HDF5_PREFER_PARALLEL FALSE)
  enable_language(C)  # FindHDF5 looks for the C interface with a C compiler
  find_package(HDF5 QUIET COMPONENTS C)
  if(NOT HDF5_C_FOUND OR NOT HDF5_C_LIBRARIES)
    gradmill_missing("HDF5" "weight files" "sudo apt-get install libhdf5-dev")
  endif()
  add_library(gradmill_libhdf5 INTERFACE)
  target_include_directories(gradmill_libhdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
  # FindHDF5 also lists what libhdf5 itself needs; the dynamic linker finds those through libhdf5.
  set(hdf5_itself ${HDF5_C_LIBRARIES})
  list(FILTER hdf5_itself INCLUDE REGEX "hdf5")
  target_link_libraries(gradmill_libhdf5 INTERFACE ${hdf5_itself})
endif()

# OpenBLAS: the build requirement scipy-openblas32 knows newer processors than most systems' package, so it
# comes first; its names begin with scipy_. Nothing links it: the engine opens it when a product first wants it.
add_library(gradmill_blas INTERFACE)
set(GRADMILL_BLAS_LIBRARY "")  # set where the library has to travel with the package
if(NOT GRADMILL_WITH_BLAS)
  set(GRADMILL_BLAS_NAME "none")
  return()
endif()

if(NOT Python_EXECUTABLE)
  find_package(Python QUIET COMPONENTS Interpreter)
endif()
if(Python_EXECUTABLE)
  # Prints the include folder, the library and, as the wheel that carries the library must, its licence.
  string(CONCAT ask_wheel
    "import importlib.metadata as m, os, scipy_openblas32 as b;"
    "licence = [f.locate() for f in m.files('scipy-openblas32') or () if f.name.startswith('LICENSE')][:1];"
    "print(b.get_include_dir(), os.path.join(b.get_lib_dir(), b.get_library(fullname=True)), *licence, sep='|')")
  execute_process(COMMAND "${Python_EXECUTABLE}" -c "${ask_wheel}"
    OUTPUT_VARIABLE wheel_blas OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  string(REPLACE "|" ";" wheel_blas "${wheel_blas}")
endif()
if(wheel_blas)
  list(POP_FRONT wheel_blas wheel_blas_include GRADMILL_BLAS_LIBRARY GRADMILL_BLAS_LICENCE)
  target_compile_definitions(gradmill_blas INTERFACE GM_BLAS_PREFIX_SCIPY "GM_BLAS_FILE=\"${GRADMILL_BLAS_LIBRARY}\"")
  set(GRADMILL_BLAS_NAME "OpenBLAS of scipy-openblas32")
  return()
endif()

find_library(OPENBLAS_LIBRARY openblas)
if(NOT OPENBLAS_LIBRARY)
  gradmill_missing("OpenBLAS" "matrix products"
    "python3 -m pip install scipy-openblas32\nor\n  sudo apt-get install libopenblas-dev")
endif()
target_compile_definitions(gradmill_blas INTERFACE "GM_BLAS_FILE=\"${OPENBLAS_LIBRARY}\"")
set(GRADMILL_BLAS_NAME "${OPENBLAS_LIBRARY}")
