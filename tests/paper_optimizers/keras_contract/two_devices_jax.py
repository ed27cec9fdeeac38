"""`keras.distribution` over two host devices, in a process of its own, which test_distribution.py starts."""

from collections.abc import Iterator

import jax
import keras
import pytest

from tests.paper_optimizers.keras_contract.worlds import OPTIMIZERS, assert_equal, fit, make_model

NAMES = ["Opt4", "everything"]


@pytest.fixture(autouse=True)
def _no_distribution_afterwards() -> Iterator[None]:
    assert len(jax.devices()) == 2
    yield
    keras.distribution.set_distribution(None)


def trained(name: str, dtype: str = "float32") -> keras.Model:
    model = make_model(dtype=dtype)
    model.compile(OPTIMIZERS[name](), "mse")
    fit(model)
    return model


def model_parallel() -> keras.distribution.ModelParallel:
    mesh = keras.distribution.DeviceMesh((1, 2), ("batch", "model"), keras.distribution.list_devices())
    layouts = keras.distribution.LayoutMap(mesh)
    layouts[".*hidden/kernel"] = (None, "model")
    layouts[".*output/kernel"] = ("model", None)
    return keras.distribution.ModelParallel(layout_map=layouts, batch_dim_name="batch")


@pytest.mark.parametrize("name", NAMES)
def test_data_parallel_is_one_device(name: str) -> None:
    alone = trained(name)
    keras.distribution.set_distribution(keras.distribution.DataParallel())
    model = trained(name)
    assert all(len(v.value.sharding.device_set) == 2 for v in [*model.weights, *model.optimizer.variables])
    assert_equal(model.weights, alone.weights, 1e-5)


@pytest.mark.parametrize(("name", "dtype"), [*((name, "float32") for name in NAMES), ("everything", "bfloat16")])
def test_model_parallel_is_one_device_and_slots_lie_as_their_weights(name: str, dtype: str) -> None:
    alone = trained(name, dtype)
    keras.distribution.set_distribution(model_parallel())
    model = trained(name, dtype)
    ours, theirs = ([keras.ops.cast(v, "float32") for v in m.weights] for m in (model, alone))
    assert_equal(ours, theirs, 1e-5 if dtype == "float32" else 0.02)
    kernel = model.get_layer("hidden").kernel
    assert not kernel.value.sharding.is_fully_replicated
    slots = [v for v in model.optimizer.variables if "hidden_kernel" in v.path]
    assert slots
    for slot in slots:
        assert slot.dtype == "float32"
        assert slot.value.sharding.is_equivalent_to(kernel.value.sharding, kernel.ndim)
