"""Environment variables and configuration files of the libraries that compute: which can move a number, and what of it.

Each is *pinned* (a process of this package sets or removes it before libraries are imported), *recorded* (it stays as
the user set it, and the ledger keeps it in every row), *refused* (a command ends with a sentence), or *left* (it stays,
as no number depends on it). `reproduce.libraries` does all of it; artifact/ENVIRONMENT.md is written from this table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal

Treatment = Literal["pinned", "recorded", "refused", "left"]

#: Stands in `Variable.value` for the number of threads.
THREADS = "{threads}"
#: Stands in `Variable.value` for the folder of compiled programs; see `reproduce.compiled_programs`.
COMPILED_PROGRAMS = "{compiled programs}"


@dataclass(frozen=True)
class Variable:
    """An environment variable, or a family of them.

    Attributes:
        library: Whose it is.
        name: Its name; a star stands for any letters.
        treatment: See the module. Of pinned ones, a name without a star is set to ``value``.
        reason: What it can do, or why it can do nothing.
        value: What a pinned one is set to, or a left one where the user has not set it; empty for none.
        deterministic: The value in deterministic mode, where that is another.
    """

    library: str
    name: str
    treatment: Treatment
    reason: str
    value: str = ""
    deterministic: str | None = None


@dataclass(frozen=True)
class ConfigurationFile:
    """A file that a library reads when it is imported.

    Attributes:
        library: Whose it is.
        path: Where it lies.
        treatment: See the module.
        reason: What it can do, and what is done about it.
    """

    library: str
    path: str
    treatment: Treatment
    reason: str


@cache
def variable_of(name: str) -> Variable | None:
    """The entry that says what becomes of an environment variable: the first that fits; None for any other."""
    return next((each for each in VARIABLES if fnmatchcase(name, each.name)), None)


def _of(library: str) -> Callable[..., Variable]:
    def variable(name: str, treatment: Treatment, reason: str, **values: str) -> Variable:
        return Variable(library, name, treatment, reason, **values)

    return variable


_keras, _jax, _xla, _tensorflow, _torch = map(_of, ("Keras", "JAX", "XLA", "TensorFlow", "PyTorch"))
_numpy, _blas, _threads, _cuda = map(_of, ("NumPy", "OpenBLAS", "OpenMP, MKL, oneDNN", "CUDA"))
_matplotlib, _system = map(_of, ("matplotlib", "Python and the C library"))

#: The first entry that fits a name counts.
VARIABLES: tuple[Variable, ...] = (
    _keras("KERAS_BACKEND", "recorded", "the library below Keras; as the row's backend", value="tensorflow"),
    _keras("KERAS_HOME", "left", "the folder of keras.json and of fetched weights; for that file see below"),
    _keras("KERAS_TORCH_DEVICE", "recorded", "where Keras computes on PyTorch. Refused where that is not there"),
    _keras("KERAS_DISTRIBUTION_*", "left", "addresses of a cluster, which no command uses"),
    _keras("KERAS_NNX_ENABLED", "pinned", "other classes of variables on JAX", value="false"),
    _keras("KERAS_*", "pinned", "shorter trainings, and what later versions read"),
    _jax("JAX_PLATFORMS", "refused", "names a kind of device that is not there; else it chooses the row's device"),
    _jax("JAX_PLATFORM_NAME", "refused", "as JAX_PLATFORMS, an older name"),
    _jax("JAX_NUM_CPU_DEVICES", "left", "how many devices a processor is taken for; --devices says how many are used"),
    _jax("JAX_CUDA_VISIBLE_DEVICES", "left", "chooses the device, which the row names"),
    _jax("JAX_ROCM_VISIBLE_DEVICES", "left", "chooses the device, which the row names"),
    _jax("JAX_COORDINATOR_*", "left", "addresses of a cluster, which no command uses"),
    _jax(
        "JAX_COMPILATION_CACHE_DIR",
        "left",
        "where compiled programs are kept, each under versions, options and what it was compiled from; a folder for "
        "each kind of processor",
        value=COMPILED_PROGRAMS,
    ),
    _jax("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "left", "which compiled programs are kept", value="0"),
    _jax("JAX_PERSISTENT_CACHE_*", "left", "which compiled programs are kept"),
    _jax("JAX_TRACEBACK_*", "left", "how errors are shown"),
    _jax("JAX_LOG*", "left", "what is logged"),
    _jax("JAX_DEFAULT_PRNG_IMPL", "pinned", "another generator of random numbers", value="threefry2x32"),
    _jax("JAX_THREEFRY_PARTITIONABLE", "pinned", "other random numbers from the same key", value="true"),
    _jax("JAX_ENABLE_X64", "pinned", "float64 where the engine means float32", value="false"),
    _jax(
        "JAX_*",
        "pinned",
        "precision of products, offsets of seeds, rules of types, checks that end a run at a NaN, and what later "
        "versions read",
    ),
    _xla(
        "XLA_FLAGS",
        "recorded",
        "any of the compiler's options. Threads and determinism are pinned in it; all others stay and are recorded. "
        "Refused where it names a file of options",
    ),
    _xla("LIBTPU_INIT_ARGS", "recorded", "the compiler's options for TPUs"),
    _xla("XLA_PYTHON_CLIENT_PREALLOCATE", "left", "when memory of a GPU is taken", value="false"),
    _xla("XLA_PYTHON_CLIENT_*", "left", "how memory of a GPU is taken"),
    _xla("XLA_CLIENT_MEM_FRACTION", "left", "how much memory of a GPU is taken"),
    _xla("NPROC", "pinned", "threads of JAX; sums over parts depend on how many there are", value=THREADS),
    _xla("PJRT_NPROC", "pinned", "as NPROC", value=THREADS),
    _tensorflow("TF_CPP_MIN_LOG_LEVEL", "left", "what is logged", value="2"),
    _tensorflow("TF_CPP_*", "left", "what is logged"),
    _tensorflow("TF_FORCE_GPU_ALLOW_GROWTH", "left", "when memory of a GPU is taken", value="true"),
    _tensorflow("TF_GPU_ALLOCATOR", "left", "how memory of a GPU is taken"),
    _tensorflow("TF_*MEM*", "left", "how much memory is taken"),
    _tensorflow("TF_CONFIG", "left", "addresses of a cluster, which no command uses"),
    _tensorflow("TF_NUM_INTRAOP_THREADS", "pinned", "threads within an operation", value=THREADS),
    _tensorflow("TF_NUM_INTEROP_THREADS", "pinned", "operations side by side", value=THREADS),
    _tensorflow(
        "TF_ENABLE_ONEDNN_OPTS",
        "pinned",
        "oneDNN's kernels in place of Eigen's; by default some processors take the one and some the other",
        value="0",
    ),
    _tensorflow("TF_DETERMINISTIC_OPS", "pinned", "set by --deterministic alone", deterministic="1"),
    _tensorflow("TF_XLA_FLAGS", "pinned", "compiles what would run kernel by kernel"),
    _tensorflow(
        "TF_*",
        "pinned",
        "choice of kernels by trial (cuDNN), half-precision sums, rewriting to mixed precision, oneDNN's modes, and "
        "what later versions read",
    ),
    _torch("TORCH_HOME", "left", "a folder of fetched files, which no command uses"),
    _torch("TORCH_LOGS", "left", "what is logged"),
    _torch("TORCH_*LOG*", "left", "what is logged"),
    _torch("PYTORCH_*ALLOC_CONF", "left", "how memory of a GPU is taken"),
    _torch("TORCH*", "pinned", "TF32 products, choice of kernels, the compiler's options"),
    _torch("PYTORCH_*", "pinned", "fusing of operations, and what later versions read"),
    _torch("ATEN_CPU_CAPABILITY", "recorded", "kernels for other instructions of the processor"),
    _numpy("NPY_DISABLE_CPU_FEATURES", "recorded", "functions for other instructions of the processor"),
    _numpy("NPY_ENABLE_CPU_FEATURES", "recorded", "functions for other instructions of the processor"),
    _numpy("NPY_PROMOTION_STATE", "pinned", "rules of types, in older versions"),
    _blas("OPENBLAS_NUM_THREADS", "pinned", "threads of matrix products", value=THREADS),
    _blas("OPENBLAS_CORETYPE", "recorded", "kernels of another processor"),
    _blas("OPENBLAS_*", "pinned", "sizes of blocks, over which sums are taken"),
    _blas("GOTO_NUM_THREADS", "pinned", "an older name of OPENBLAS_NUM_THREADS"),
    _threads("OMP_NUM_THREADS", "pinned", "threads of PyTorch and oneDNN", value=THREADS),
    _threads("OMP_DYNAMIC", "pinned", "fewer threads on a busy machine"),
    _threads("OMP_THREAD_LIMIT", "pinned", "a bound on threads"),
    _threads("MKL_NUM_THREADS", "pinned", "threads of MKL", value=THREADS),
    _threads("MKL_CBWR", "recorded", "MKL's kernels of another processor"),
    _threads("MKL_ENABLE_INSTRUCTIONS", "recorded", "MKL's kernels of another processor"),
    _threads("MKL_VERBOSE", "left", "what is logged"),
    _threads("MKL_*", "pinned", "threads by kind of function"),
    _threads("ONEDNN_MAX_CPU_ISA", "recorded", "oneDNN's kernels of another processor"),
    _threads("DNNL_MAX_CPU_ISA", "recorded", "an older name of ONEDNN_MAX_CPU_ISA"),
    _threads("ONEDNN_VERBOSE*", "left", "what is logged"),
    _threads("ONEDNN_*", "pinned", "lower precision of products, and what later versions read"),
    _threads("DNNL_*", "pinned", "older names of oneDNN's"),
    _cuda("NVIDIA_TF32_OVERRIDE", "pinned", "products of float32 with 10 bits, or never with them"),
    _cuda("CUBLAS_WORKSPACE_CONFIG", "pinned", "order of sums in cuBLAS", deterministic=":4096:8"),
    _cuda("CUBLAS*_LOG*", "left", "what is logged"),
    _cuda("CUBLAS*", "pinned", "choice of kernels"),
    _cuda("CUDNN_LOG*", "left", "what is logged"),
    _cuda("CUDNN_*", "pinned", "choice of kernels"),
    _cuda("NCCL_ALGO", "recorded", "order of sums over several GPUs"),
    _cuda("NCCL_PROTO", "recorded", "order of sums over several GPUs"),
    _cuda("CUDA_VISIBLE_DEVICES", "left", "chooses the device, which the row names"),
    _matplotlib("MPLBACKEND", "pinned", "where figures would be shown; files are drawn without a display", value="agg"),
    _matplotlib("MATPLOTLIBRC", "left", "the folder of matplotlibrc; for that file see below"),
    _system(
        "GLIBC_TUNABLES",
        "recorded",
        "its entries glibc.cpu choose other versions of exp, log and the like; those of the allocator are left",
    ),
    _system("MALLOC_*", "left", "where memory comes from; arrays hold the same numbers wherever they lie"),
    _system("PYTHONHASHSEED", "left", "the order of sets, which no number depends on; it differs by process anyway"),
)

FILES: tuple[ConfigurationFile, ...] = (
    ConfigurationFile(
        "Keras",
        "$KERAS_HOME/keras.json, or ~/.keras/keras.json",
        "pinned",
        "floatx, epsilon and image_data_format: set again after Keras is imported; backend and nnx_enabled: "
        "KERAS_BACKEND and KERAS_NNX_ENABLED are always set and go before it. A file that Keras cannot read is refused",
    ),
    ConfigurationFile(
        "matplotlib",
        "$MATPLOTLIBRC, ./matplotlibrc, ~/.config/matplotlib/matplotlibrc",
        "pinned",
        "fonts, sizes, colours: figures are drawn with matplotlib's own defaults and the common style",
    ),
)
