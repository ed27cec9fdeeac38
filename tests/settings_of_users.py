"""What a user may have set in the environment that would move numbers, or end a run."""

from collections.abc import Mapping

from reproduce.variables import variable_of

#: By the pinned entry of `reproduce.variables` that puts it aside.
OTHERS: dict[str, dict[str, str]] = {
    "KERAS_NNX_ENABLED": {"KERAS_NNX_ENABLED": "true"},
    "KERAS_*": {"KERAS_MAX_STEPS_PER_EPOCH": "1", "KERAS_MAX_EPOCHS": "1"},
    "JAX_DEFAULT_PRNG_IMPL": {"JAX_DEFAULT_PRNG_IMPL": "rbg"},
    "JAX_THREEFRY_PARTITIONABLE": {"JAX_THREEFRY_PARTITIONABLE": "0"},
    "JAX_ENABLE_X64": {"JAX_ENABLE_X64": "1"},
    "JAX_*": {
        "JAX_DEFAULT_MATMUL_PRECISION": "bfloat16",
        "JAX_RANDOM_SEED_OFFSET": "5",
        "JAX_NUMPY_DTYPE_PROMOTION": "strict",
        "JAX_NUMPY_RANK_PROMOTION": "raise",
        "JAX_DEBUG_NANS": "1",
        "JAX_DISABLE_JIT": "1",
        "JAX_TRANSFER_GUARD": "disallow",
    },
    **{name: {name: "3"} for name in ("NPROC", "PJRT_NPROC", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")},
    "TF_ENABLE_ONEDNN_OPTS": {"TF_ENABLE_ONEDNN_OPTS": "1"},
    "TF_DETERMINISTIC_OPS": {"TF_DETERMINISTIC_OPS": "1"},
    "TF_XLA_FLAGS": {"TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit"},
    "TF_*": {"TF_SET_ONEDNN_FPMATH_MODE": "BF16", "TF_USE_DEEP_CONV2D": "1", "TF_CUDNN_USE_AUTOTUNE": "0"},
    "TORCH*": {"TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1", "TORCHINDUCTOR_MAX_AUTOTUNE": "1"},
    "PYTORCH_*": {"PYTORCH_TENSOREXPR": "0"},
    "NPY_PROMOTION_STATE": {"NPY_PROMOTION_STATE": "legacy"},
    **{name: {name: "3"} for name in ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")},
    "OPENBLAS_*": {"OPENBLAS_BLOCK_FACTOR": "2"},
    "OMP_DYNAMIC": {"OMP_DYNAMIC": "true"},
    "OMP_THREAD_LIMIT": {"OMP_THREAD_LIMIT": "3"},
    "MKL_NUM_THREADS": {"MKL_NUM_THREADS": "3"},
    "MKL_*": {"MKL_DYNAMIC": "true"},
    "ONEDNN_*": {"ONEDNN_DEFAULT_FPMATH_MODE": "BF16"},
    "DNNL_*": {"DNNL_DEFAULT_FPMATH_MODE": "BF16"},
    "NVIDIA_TF32_OVERRIDE": {"NVIDIA_TF32_OVERRIDE": "0"},
    "CUBLAS_WORKSPACE_CONFIG": {"CUBLAS_WORKSPACE_CONFIG": ":16:8"},
    "CUBLAS*": {"CUBLASLT_HEURISTICS_CACHE_CAPACITY": "0"},
    "CUDNN_*": {"CUDNN_CONV_WSCAP_DBG": "1"},
    "MPLBACKEND": {"MPLBACKEND": "module://not_installed.backend_inline"},
}
#: The same, as one environment; with threads, which are pinned within a variable that is recorded.
HOSTILE = {name: value for each in OTHERS.values() for name, value in each.items()} | {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=true --xla_gpu_deterministic_ops=true",
    "PYTHONHASHSEED": "7",
    "MALLOC_ARENA_MAX": "1",
}


def moving(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment can move a number."""
    found = {name: variable_of(name) for name in environment}
    return {name: environment[name] for name, each in found.items() if each is not None and each.treatment != "left"}
