"""Each of the baselines of Optax beside its equations in float64 and beside Keras, and what it moves."""

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest

from reproduce.data import load_dataset
from reproduce.errors import ProtocolError
from reproduce.models.registry import build_model
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.tasks.engine import EngineTrainer
from reproduce.tasks.keras import KerasTrainer
from reproduce.tasks.networks import engine_problem
from reproduce.tasks.optimizers import KERAS, OPTAX, make_entrant, roster
from reproduce.tasks.task import Task
from reproduce.tasks.trainer import Run
from reproduce.tasks.transformations import transformation_of
from tests.population.walks import GRADIENTS, SHAPES, START, STEPS, data, given_gradients
from tests.settings import DIGITS, TASK, TEXT, model_of

RATE = 0.05
#: The rates of twelve steps: the first is 0, and the last are on the cosine.
MEMBER = Member(None, RATE, STEPS, warmup_steps=3, hold_steps=4)
Walk = list[np.ndarray]


def walk_of(name: str, **changes: Any) -> tuple[list[Walk], list[float]]:
    """The tensors after each step of the engine's, and the rates; hyperparameters may be changed."""
    population = Population(given_gradients(), transformation_of(name, {**OPTAX[name], **changes}), layout="map")
    programs, state = population.start([MEMBER])
    tables, walk = population.tables([MEMBER], range(STEPS)), []
    for step in range(STEPS):
        order = np.full((1, 1, 1), step, np.int32)
        now = type(tables)(*(field[:, step : step + 1] for field in tables))
        state, _ = population.epoch(programs, state, now, data(), order)
        weight = np.asarray(state.weight[0], np.float64)
        walk.append([weight[:12].reshape(SHAPES[0]), weight[12:]])
    return walk, [float(rate) for rate in tables.rate[0]]


class Oracle:
    """One tensor's optimizer in float64, from the equations of its paper with the hyperparameters of the table."""

    def __init__(self, weights: np.ndarray, values: dict[str, Any]) -> None:
        self.weights, self.count = np.array(weights, np.float64), 0
        self.values = values
        self.kept = {name: np.zeros_like(self.weights) for name in ("first", "second", "third")}

    def average(self, name: str, beta: float, value: np.ndarray) -> np.ndarray:
        self.kept[name] = beta * self.kept[name] + (1 - beta) * value
        return self.kept[name]

    def step(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        self.count += 1
        self.weights = self.move(gradient, rate)
        return self.weights

    def move(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        raise NotImplementedError


class NadamOracle(Oracle):
    def move(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        b1, b2, count = self.values["b1"], self.values["b2"], self.count
        ahead = b1 * self.average("first", b1, gradient) / (1 - b1 ** (count + 1))
        ahead = ahead + (1 - b1) * gradient / (1 - b1**count)
        size = np.sqrt(self.average("second", b2, gradient**2) / (1 - b2**count))
        return self.weights - rate * ahead / (size + self.values["eps"])


class MuonOracle(Oracle):
    """Adam for the vector; for the matrix, five steps towards the nearest orthogonal one."""

    def move(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        values = self.values
        kept = self.weights * (1 - rate * values["weight_decay"])
        if gradient.ndim == 1:
            first = self.average("first", values["b1"], gradient) / (1 - values["b1"] ** self.count)
            second = self.average("second", values["b2"], gradient**2) / (1 - values["b2"] ** self.count)
            return kept - rate * first / (np.sqrt(second) + values["eps"])
        self.kept["first"] = values["momentum"] * self.kept["first"] + gradient
        matrix = gradient + values["momentum"] * self.kept["first"]
        left, sizes, right = np.linalg.svd(matrix, full_matrices=False)
        sizes = sizes / (np.linalg.norm(matrix) + values["eps"])
        a, b, c = values["ns_coeffs"]
        for _ in range(values["ns_steps"]):  # On singular values the iteration is a polynomial.
            sizes = a * sizes + b * sizes**3 + c * sizes**5
        return kept - rate * values["rms"] * np.sqrt(max(matrix.shape)) * (left * sizes) @ right


class ScheduleFreeOracle(Oracle):
    """z, and x as the mean of all z, weighed by a power of the greatest rate so far; the weights are y."""

    def __init__(self, weights: np.ndarray, values: dict[str, Any]) -> None:
        super().__init__(weights, values)
        self.z = self.x = self.weights
        self.greatest = self.total = 0.0

    def move(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        b1, b2 = self.values["b1"], self.values["b2"]
        size = np.sqrt(self.average("second", b2, gradient**2) / (1 - b2**self.count))
        self.z = self.z - rate * gradient / (size + self.values["eps"])
        self.greatest = max(self.greatest, rate)
        weight = self.greatest ** self.values["weight_lr_power"]
        self.total += weight
        share = weight / self.total if self.total else 0.0
        self.x = (1 - share) * self.x + share * self.z
        return (1 - b1) * self.z + b1 * self.x


class AdEMAMixOracle(Oracle):
    def move(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        b1, b2, b3, count = *(self.values[name] for name in ("b1", "b2", "b3")), self.count
        done = count / STEPS
        grown = np.exp(np.log(b1) * np.log(b3) / ((1 - done) * np.log(b3) + done * np.log(b1)))
        slow = self.average("third", min(grown, b3), gradient)
        fast = self.average("first", b1, gradient) / (1 - b1**count)
        size = np.sqrt(self.average("second", b2, gradient**2) / (1 - b2**count)) + self.values["eps"]
        return self.weights - rate * (fast + done * self.values["alpha"] * slow) / size


class AdanOracle(Oracle):
    """As its authors' code, whose betas these are: the difference of gradients is weighed by beta_2 itself."""

    def move(self, gradient: np.ndarray, rate: float) -> np.ndarray:
        b1, b2, b3, count = *(self.values[name] for name in ("b1", "b2", "b3")), self.count
        difference = gradient - self.last if count > 1 else np.zeros_like(gradient)
        self.last = gradient
        ahead = self.average("first", b1, gradient) / (1 - b1**count)
        ahead = ahead + b2 * self.average("third", b2, difference) / (1 - b2**count)
        size = np.sqrt(self.average("second", b3, (gradient + b2 * difference) ** 2) / (1 - b3**count))
        return self.weights - rate * ahead / (size + self.values["eps"])


@pytest.mark.parametrize(
    ("name", "oracle", "tolerance"),
    [
        ("Nadam", NadamOracle, 1e-5),
        ("Muon", MuonOracle, 1e-4),
        ("ScheduleFreeAdamW", ScheduleFreeOracle, 1e-5),
        ("AdEMAMix", AdEMAMixOracle, 1e-5),
        ("Adan", AdanOracle, 1e-5),
    ],
)
def test_walks_are_those_of_the_equations(name: str, oracle: type[Oracle], tolerance: float) -> None:
    walk, rates = walk_of(name)
    oracles = [oracle(weights.astype(np.float32), dict(OPTAX[name])) for weights in START]
    for step, (found, rate) in enumerate(zip(walk, rates, strict=True)):
        for weights, gradient, each in zip(found, GRADIENTS[step], oracles, strict=True):
            expected = each.step(gradient.astype(np.float32).astype(np.float64), rate)
            np.testing.assert_allclose(weights, expected, rtol=tolerance, atol=tolerance, err_msg=f"step {step}")
    assert np.abs(walk[-1][0] - START[0]).max() > RATE


def test_prodigy_is_its_equations_over_all_tensors_at_once() -> None:
    """Algorithm 4 of its paper with one distance for all weights, the rate left out of the estimate's denominator."""
    walk, rates = walk_of("Prodigy", estim_lr0=0.1)
    values = {**OPTAX["Prodigy"], "estim_lr0": 0.1}
    b1, b2, b3 = (values[name] for name in ("b1", "b2", "b3"))
    start = np.concatenate([each.astype(np.float32).astype(np.float64).ravel() for each in START])
    weights, distance, numerator = start, 0.1, 0.0
    first, second, total = (np.zeros_like(start) for _ in range(3))
    for step, rate in enumerate(rates):
        gradient = np.concatenate([each.astype(np.float32).astype(np.float64).ravel() for each in GRADIENTS[step]])
        applied = distance * rate * np.sqrt(1 - b2 ** (step + 1)) / (1 - b1 ** (step + 1))
        first = b1 * first + (1 - b1) * distance * gradient
        second = b2 * second + (1 - b2) * (distance * gradient) ** 2
        numerator = b3 * numerator + distance / 0.1 * applied * (gradient @ (start - weights))
        total = b3 * total + distance / 0.1 * distance * gradient
        distance = max(distance, numerator / np.abs(total).sum())
        weights = weights - applied * first / (np.sqrt(second) + distance * values["eps"])
        found = np.concatenate([each.ravel() for each in walk[step]])
        np.testing.assert_allclose(found, weights, rtol=1e-4, atol=1e-5, err_msg=f"step {step}")
    assert np.isfinite(weights).all()


def test_prodigy_moves_at_a_multiple_of_its_own_step() -> None:
    """While it has found no greater step than its first, twice the rate is twice the way."""
    population = Population(given_gradients(), transformation_of("Prodigy", OPTAX["Prodigy"]), layout="map")
    members = [dataclasses.replace(MEMBER, rate=rate) for rate in (1.0, 2.0)]
    programs, state = population.start(members)
    first = np.asarray(state.weight[0], np.float64)
    order = np.arange(2, dtype=np.int32).reshape(1, 2, 1).repeat(2, axis=0)
    state, _ = population.epoch(programs, state, population.tables(members, range(2)), data(), order)
    assert float(state.optimizer.estim_lr[0]) == pytest.approx(1e-6, rel=0.5)
    one, two = (np.abs(np.asarray(weight, np.float64) - first).max() for weight in state.weight)
    assert 0 < one < 1e-5
    assert two == pytest.approx(2 * one, rel=0.5)


def test_a_weight_decay_takes_the_place_of_the_table_s() -> None:
    """After a step from the same weights, two decays differ by the rate times these times their difference."""
    ends = []
    for decay in (0.0, 0.5):
        transformation = transformation_of("AdEMAMix", OPTAX["AdEMAMix"], decay)
        population = Population(given_gradients(), transformation, layout="map")
        programs, state = population.start([dataclasses.replace(MEMBER, warmup_steps=0)])
        first = np.asarray(state.weight[0], np.float64)
        order = np.zeros((1, 1, 1), np.int32)
        tables = population.tables([dataclasses.replace(MEMBER, warmup_steps=0)], range(1))
        state, _ = population.epoch(programs, state, tables, data(), order)
        ends.append(np.asarray(state.weight[0], np.float64))
    np.testing.assert_allclose(ends[0] - ends[1], 0.5 * RATE * first, rtol=1e-3, atol=1e-6)
    with pytest.raises(ProtocolError, match=r"Adan of optimizers\.optax has no weight decay to tune"):
        transformation_of("Adan", OPTAX["Adan"], 0.1)


# Beside Keras.

#: Neither dropout nor a bias whose gradient is rounding alone, along which two frameworks would drift apart.
PLAIN = dataclasses.replace(
    TASK, model=dataclasses.replace(TASK.model, dropout=0.0, pixels="standardised", conv_bias=False)
)
DATASETS = {"digits": load_dataset(DIGITS), "text": load_dataset(TEXT)}


@pytest.mark.parametrize(
    ("name", "changes"), [("Muon", {}), ("ScheduleFreeAdamW", {"weight_lr_power": 0.0})], ids=["Muon", "ScheduleFree"]
)
def test_it_trains_and_is_measured_as_in_keras(
    name: str, changes: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Muon as it is; schedule-free AdamW with all z weighed alike, as Keras does. Within 1e-4."""
    monkeypatch.setitem(OPTAX, name, {**OPTAX[name], **changes})
    (entrant,) = roster((), (), (name,))
    (engine,) = EngineTrainer.of(PLAIN, DATASETS["digits"]).run([Run(entrant, 0.03, 3, test=True)])
    run = Run(make_entrant(name, "here"), 0.03, 3, test=True)
    (twin,) = KerasTrainer(PLAIN, DATASETS["digits"]).run([run])
    np.testing.assert_allclose(engine.curve.train_loss, twin.curve.train_loss, rtol=1e-4)
    np.testing.assert_allclose(engine.curve.validation_loss, twin.curve.validation_loss, rtol=1e-4)
    assert engine.test_accuracy == pytest.approx(twin.test_accuracy, abs=0.002)
    assert engine.curve.train_loss[0] != pytest.approx(engine.curve.train_loss[-1], rel=1e-2)


def test_nadam_differs_from_keras_in_its_momentum_at_first_and_not_later() -> None:
    """Steps at one rate from equal gradients' signs: Keras' momentum is 0.47 in the first step and grows to 0.9."""
    random = np.random.default_rng(0)
    gradients = random.normal(1.0, 0.5, (400, 1))
    theirs = KERAS["Nadam"]
    variable = keras.Variable(np.zeros(1, np.float32))
    twin = getattr(keras.optimizers, theirs[0])(1.0, **theirs[1])
    twin.build([variable])
    ours, steps = NadamOracle(np.zeros(1), dict(OPTAX["Nadam"])), []
    for gradient in gradients:
        before = ours.weights, float(keras.ops.convert_to_numpy(variable)[0])
        twin.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32))], [variable])
        after = ours.step(gradient, 1.0), float(keras.ops.convert_to_numpy(variable)[0])
        steps.append((float((after[0] - before[0])[0]), after[1] - before[1]))
    first, last = steps[1], steps[-1]
    assert abs(first[0] / first[1] - 1) > 0.02
    assert last[0] == pytest.approx(last[1], rel=1e-2)


@pytest.mark.parametrize("network", ["surrogate", "vision_transformer", "char_lstm", "char_transformer"])
def test_muon_moves_the_matrices_that_keras_moves(network: str) -> None:
    name = "text" if network.startswith("char") else "digits"
    task = Task(TEXT if name == "text" else DIGITS, model_of(network), TASK.training)
    model = build_model(task.model, DATASETS[name], "float32")
    twin = keras.optimizers.Muon(**KERAS["Muon"][1])
    twin.build(model.trainable_variables)
    expected = [velocity is None for velocity in twin.adam_velocities]
    population = Population(engine_problem(task, DATASETS[name]), transformation_of("Muon", OPTAX["Muon"]))
    _, state = population.start([MEMBER])
    states = state.optimizer[0].inner_states
    matrices = states["matrix"].inner_state[0].trace
    assert [hasattr(each, "shape") for each in matrices] == expected
    assert [hasattr(each, "shape") for each in states["other"].inner_state.mu] == [not each for each in expected]
    assert sum(expected) == {"surrogate": 1, "vision_transformer": 9, "char_lstm": 5, "char_transformer": 9}[network]
