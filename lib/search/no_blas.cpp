// FAISS's library calls BLAS and LAPACK, by their Fortran names, in kinds of indices that this
// program neither builds nor reads; those that it has multiply by our own products (UnitProducts,
// UnitIndex). A BLAS that is linked starts with every run of the program, whatever the command:
// OpenBLAS with a thread for each processor, each of which asks for 128 MiB until it gets them.
#include <stdexcept>

extern "C" {

// NOLINTBEGIN(readability-identifier-naming): names of others
#define CONVBERT_NO_BLAS(name) \
  int name() { throw std::logic_error(#name " of BLAS or LAPACK, which is not there, was called"); }

CONVBERT_NO_BLAS(sgemm_)
CONVBERT_NO_BLAS(dgemm_)
CONVBERT_NO_BLAS(ssyrk_)
CONVBERT_NO_BLAS(dsyev_)
CONVBERT_NO_BLAS(sgelsd_)
CONVBERT_NO_BLAS(sgeqrf_)
CONVBERT_NO_BLAS(sgesvd_)
CONVBERT_NO_BLAS(dgesvd_)
CONVBERT_NO_BLAS(sgetrf_)
CONVBERT_NO_BLAS(dgetrf_)
CONVBERT_NO_BLAS(sgetri_)
CONVBERT_NO_BLAS(dgetri_)
CONVBERT_NO_BLAS(sorgqr_)
// NOLINTEND(readability-identifier-naming)

}  // extern "C"
