from reproduce.machine import backend_name, device_name, versions


def test_the_machine_is_named() -> None:
    assert device_name()
    found = versions(backend_name())
    assert {"python", "keras", "numpy"} <= set(found)
    assert any(backend_name() in name for name in found)
