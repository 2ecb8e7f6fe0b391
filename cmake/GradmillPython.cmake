# The Python modules. gradmill._hdf5 is apart so that `import gradmill` does not load libhdf5 and its
# dependencies; it is imported when the first weight file is read or written.
file(GLOB_RECURSE core_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/cpp/bindings/*.cpp")
file(GLOB_RECURSE hdf5_sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/cpp/io/*.cpp")

function(gradmill_add_python_module name)
  pybind11_add_module(${name} MODULE NO_EXTRAS ${ARGN})
  gradmill_set_flags(${name})
  gradmill_set_baseline_flags(${name})
  set_target_properties(${name} PROPERTIES INSTALL_RPATH "$ORIGIN")
  target_compile_definitions(${name} PRIVATE GM_VERSION="${GRADMILL_VERSION}")
  target_link_options(${name} PRIVATE -Wl,--gc-sections -Wl,--as-needed)
  install(TARGETS ${name} LIBRARY DESTINATION gradmill)
endfunction()

gradmill_add_python_module(_core ${core_sources})
target_link_libraries(_core PRIVATE gradmill_engine)
gradmill_precompile_headers(_core <pybind11/pybind11.h> <pybind11/numpy.h> <pybind11/stl.h>)
# Bindings are many templates that run once a call: optimizing them further takes long and gains nothing.
target_compile_options(_core PRIVATE -O1)

gradmill_add_python_module(_hdf5 ${hdf5_sources})
target_link_libraries(_hdf5 PRIVATE gradmill_base gradmill_libhdf5)
gradmill_precompile_headers(_hdf5)

# The wheel carries its OpenBLAS beside the module, with its licence and without what only debuggers and exceptions read
# (OpenBLAS is C and Fortran): the wheel is to stay below 10 MB.
if(GRADMILL_BLAS_LIBRARY)
  get_filename_component(blas_file "${GRADMILL_BLAS_LIBRARY}" NAME)
  set(stripped_blas "${CMAKE_CURRENT_BINARY_DIR}/${blas_file}")
  file(COPY "${GRADMILL_BLAS_LIBRARY}" DESTINATION "${CMAKE_CURRENT_BINARY_DIR}")
  if(CMAKE_STRIP)
    execute_process(
      COMMAND "${CMAKE_STRIP}" --strip-unneeded --remove-section=.eh_frame_hdr --remove-section=.eh_frame "${stripped_blas}"
      COMMAND_ERROR_IS_FATAL ANY)
  endif()
  install(FILES "${stripped_blas}" DESTINATION gradmill)
endif()
if(GRADMILL_BLAS_LICENCE)
  install(FILES "${GRADMILL_BLAS_LICENCE}" DESTINATION gradmill RENAME LICENSE.openblas.txt)
endif()
