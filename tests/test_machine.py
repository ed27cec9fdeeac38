import pytest

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
    assert not is_cpu_name("NVIDIA H100 80GB HBM3")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("theano", "KERAS_BACKEND is 'theano'; expected one of tensorflow, jax, torch"),
        ("torch", "KERAS_BACKEND is 'torch', and the package torch is not installed"),
    ],
)
def test_a_backend_that_is_not_there_is_named(value: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("KERAS_BACKEND", value)
    with pytest.raises(ReproduceError, match=message):
        backend_name()


def test_keras_default_is_tensorflow_whatever_is_set_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "")
    assert backend_name() == "tensorflow"
