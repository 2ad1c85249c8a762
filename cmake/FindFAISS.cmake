# FAISS::faiss, from its headers and its static library. The packaged configuration names neither
# what that library needs (GNU's OpenMP, with which it is built; BLAS and LAPACK, which who links it
# must have: see lib/search/no_blas.cpp) nor its version.
find_path(FAISS_INCLUDE_DIR faiss/IndexHNSW.h)
find_library(FAISS_LIBRARY faiss)
# Its headers include GCC's omp.h, and Clang does not look where that lies.
find_path(FAISS_OPENMP_INCLUDE_DIR omp.h
  HINTS ${CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES} PATH_SUFFIXES include)

if(FAISS_INCLUDE_DIR)
  file(STRINGS "${FAISS_INCLUDE_DIR}/faiss/Index.h" _lines
       REGEX "#define FAISS_VERSION_(MAJOR|MINOR|PATCH) [0-9]")
  string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3"
         FAISS_VERSION "${_lines}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(FAISS
  REQUIRED_VARS FAISS_LIBRARY FAISS_INCLUDE_DIR FAISS_OPENMP_INCLUDE_DIR
  VERSION_VAR FAISS_VERSION)
if(FAISS_FOUND AND NOT TARGET FAISS::faiss)
  add_library(FAISS::faiss UNKNOWN IMPORTED)
  set_target_properties(FAISS::faiss PROPERTIES
    IMPORTED_LOCATION "${FAISS_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${FAISS_INCLUDE_DIR}"
    INTERFACE_COMPILE_OPTIONS "SHELL:-idirafter ${FAISS_OPENMP_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES gomp)
endif()
mark_as_advanced(FAISS_INCLUDE_DIR FAISS_LIBRARY FAISS_OPENMP_INCLUDE_DIR)
