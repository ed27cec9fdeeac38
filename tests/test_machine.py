from pathlib import Path
from types import SimpleNamespace

import jax
import pytest

from reproduce import machine
from reproduce.cli import main
from reproduce.errors import ReproduceError
from reproduce.machine import backend_name, cpu_name, device_name, is_cpu_name, versions


def test_the_machine_is_named() -> None:
    assert device_name()
    found = versions(backend_name())
    assert {"python", "keras", "numpy"} <= set(found)
    assert any(backend_name() in name for name in found)


def test_a_processor_is_told_from_an_accelerator_by_its_name() -> None:
    assert is_cpu_name(cpu_name())
    assert is_cpu_name("AMD EPYC, 1 cores")
    assert is_cpu_name("AMD EPYC (family 23, model 1, AVX2), 2 cores")
    assert not is_cpu_name("NVIDIA H100 80GB HBM3")
    for told in ("AMD EPYC (family 23, model 1, AVX2), 2 cores", "AMD EPYC, 2 cores"):
        assert machine.without_kind(told) == "AMD EPYC, 2 cores"
    intel = "Intel(R) Xeon(R) Processor"
    assert machine.without_kind(f"{intel}, 2 cores") == f"{intel}, 2 cores"
    assert machine.without_kind(f"{intel} (family 6, model 143, AVX-512), 2 cores") == f"{intel}, 2 cores"


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (
            "model name\t: AMD EPYC\ncpu family\t: 23\nmodel\t\t: 1\nflags\t: avx avx2",
            "AMD EPYC (family 23, model 1, AVX2)",
        ),
        (
            "model name\t: AMD EPYC\ncpu family\t: 26\nmodel\t\t: 2\nflags\t: avx2 avx512f",
            "AMD EPYC (family 26, model 2, AVX-512)",
        ),
        ("model name\t: Neoverse-V1\nFeatures\t: asimd sve", "Neoverse-V1 (SVE)"),
        ("model name\t: Other", "Other"),
        ("model name\t: Virtual\ncpu family\t:\nmodel\t\t:", "Virtual"),
    ],
)
def test_processors_of_one_model_name_are_told_apart(
    told: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cpuinfo").write_text(told, encoding="utf-8")
    monkeypatch.setattr(machine, "Path", lambda path: tmp_path / Path(path).name)
    assert cpu_name() == f"{name}, {machine.usable_cores()} cores"


def test_a_backend_that_is_unknown_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(ReproduceError, match="KERAS_BACKEND is 'theano'; expected one of tensorflow, jax, torch"):
        backend_name()


@pytest.mark.parametrize(
    ("installed", "choice"),
    [
        (("jax",), "set KERAS_BACKEND to one that is: jax$"),
        ((), "set KERAS_BACKEND to one of tensorflow, jax, torch and install that$"),
    ],
)
def test_a_backend_that_is_not_installed_is_named_beside_those_that_are(
    installed: tuple[str, ...], choice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object() if name in installed else None)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    with pytest.raises(
        ReproduceError, match="^Keras is to use 'tensorflow', and the package .* not installed: .*" + choice
    ):
        backend_name()


def test_keras_default_is_tensorflow_whatever_is_set_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "")
    assert backend_name() == "tensorflow"


CPU, GPU = ("cpu", "cpu:0"), ("gpu", "cuda:0")


@pytest.mark.parametrize(
    ("jax_sees", "tensorflow_sees", "required", "status", "last"),
    [
        ([CPU], [CPU], "cpu", 0, "TensorFlow: cpu:0"),
        ([GPU, CPU], [CPU, GPU], "gpu", 0, "TensorFlow: cpu:0, cuda:0"),
        ([CPU], [CPU, GPU], "gpu", 1, "JAX sees no gpu"),
        ([CPU], [CPU], "gpu", 1, "JAX and TensorFlow see no gpu"),
        ([GPU, CPU], None, "gpu", 1, "TensorFlow sees no gpu"),
        ([], [CPU], "cpu", 1, "JAX sees no cpu"),
        (None, None, "cpu", 1, "JAX and TensorFlow see no cpu"),
    ],
)
def test_the_health_check_fails_unless_both_libraries_see_the_device(
    jax_sees: list | None, tensorflow_sees: list | None, required: str, status: int, last: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(machine, "visible_devices", lambda: {"JAX": jax_sees, "TensorFlow": tensorflow_sees})
    assert main(["devices", "--require", required]) == status
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == last
    assert ("JAX: not installed" in lines) == (jax_sees is None)


def test_both_libraries_see_this_processor() -> None:
    assert all(CPU[0] in {kind for kind, _ in devices} for devices in machine.visible_devices().values())


@pytest.mark.parametrize("error", [RuntimeError, AssertionError])
def test_the_processor_may_be_left_out_of_jax_s_platforms(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def devices(platform: str | None = None) -> list[SimpleNamespace]:
        if platform == "cpu":
            raise error
        return [SimpleNamespace(platform="gpu")]

    monkeypatch.setattr(jax, "devices", devices)
    assert [kind for kind, _ in machine.visible_devices()["JAX"]] == ["gpu"]


def test_a_library_that_is_not_installed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert machine.visible_devices() == {"JAX": None, "TensorFlow": None}
