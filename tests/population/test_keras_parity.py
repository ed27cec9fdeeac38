"""The engine trains as Keras does: step by step without dropout, and in final accuracy with it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from paper_optimizers import get
from reproduce.population.assembly import Member
from reproduce.population.engine import Population
from reproduce.population.integrity import check_integrity
from reproduce.population.networks.convnet import ConvNet
from reproduce.population.problems import classification
from reproduce.population.waves import Examples, train_members
from reproduce.search.sampling import Sampler
from reproduce.search.spaces import SPACES
from tests.population.keras_twin import BATCH, Twin, convnet, digits, engine_losses

STEPS = 50


def random_specs(count):
    """Genomes that minimise the quadratic, without random nodes, as drawn one after another."""
    random = np.random.default_rng(5)
    specs = []
    while len(specs) < count:
        spec = Sampler(SPACES["full"]).genome(random).express()
        if not spec.is_random and check_integrity([spec]).passed[0] and not check_integrity([spec]).flip[0]:
            specs.append(spec)
    return specs


def members():
    named = {"Opt4": 0.01, "Opt9": 0.01, "A5": 0.01, "Adam": 0.003}
    cases = {name: (get(name), rate) for name, rate in named.items()}
    cases |= {spec.to_text(): (spec, 1e-3) for spec in random_specs(3)}
    return {name: Member(spec, rate, STEPS, warmup_steps=5, seed=3) for name, (spec, rate) in cases.items()}


def test_losses_are_those_of_keras_over_fifty_steps():
    cases = members()
    losses = engine_losses(list(cases.values()), STEPS)
    for name, ours, member in zip(cases, losses, cases.values(), strict=True):
        theirs = Twin(member).losses(member.seed)
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, err_msg=name)
        assert theirs[-1] != pytest.approx(theirs[0], rel=1e-2), name


@pytest.mark.slow
def test_final_accuracies_agree_within_noise_where_dropout_is_on(record_testsuite_property):
    """20 seeds a side on the same first weights and batches; only the masks differ. Welch's t-test."""
    rate, dropout, seeds = 0.003, 0.2, range(20)
    steps_per_epoch = len(digits()[0][0]) // BATCH
    member = Member(get("Adam"), rate, 4 * steps_per_epoch, warmup_steps=10)
    network = convnet(dropout)
    trainings = train_members(
        Population(classification(network.initial, network.apply)),
        [Member(member.spec, rate, member.total_steps, 10, seed=seed) for seed in seeds],
        Examples(*digits(), batch_size=BATCH, steps_per_epoch=steps_per_epoch),
        epochs=4, largest=1,
    )  # fmt: skip
    ours = [training.curve.validation_accuracy[-1] for training in trainings]
    twin, theirs = Twin(member, dropout), []
    for seed in seeds:
        twin.losses(seed)
        theirs.append(twin.accuracy())
    outcome = stats.ttest_ind(ours, theirs, equal_var=False)
    summary = (
        f"engine {np.mean(ours):.4f} (sd {np.std(ours, ddof=1):.4f}), Keras {np.mean(theirs):.4f} "
        f"(sd {np.std(theirs, ddof=1):.4f}), n = {len(seeds)} each, p = {outcome.pvalue:.3f}"
    )
    record_testsuite_property("engine_and_keras_accuracies", summary)
    assert min(np.mean(ours), np.mean(theirs)) > 0.5, summary
    assert outcome.pvalue > 0.01, summary


def test_half_precision_stays_close():
    images, _ = digits()[0]
    whole, half = (ConvNet(4, 1, 10, 1 / 16, dtype=dtype) for dtype in ("float32", "bfloat16"))
    parameters, statistics = whole.initial(np.random.default_rng(0))
    expected, answer = (np.asarray(net.apply(parameters, statistics, images[:64], None)[0]) for net in (whole, half))
    assert str(answer.dtype) == "float32"
    np.testing.assert_allclose(answer, expected, rtol=0, atol=3e-2 * np.abs(expected).max())
    assert not np.array_equal(answer, expected)


@pytest.mark.slow
def test_training_in_half_precision_stays_close():
    member = Member(get("Adam"), 0.003, STEPS, 5, seed=1)
    network = convnet(0.0)
    whole, half = (
        train_members(
            Population(classification(net.initial, net.apply)), [member],
            Examples(*digits(), batch_size=BATCH, steps_per_epoch=STEPS), 1, largest=1,
        )[0]
        for net in (network, replace(network, dtype="bfloat16"))
    )  # fmt: skip
    assert half.curve.train_loss[0] == pytest.approx(whole.curve.train_loss[0], rel=0.03)
    assert half.curve.train_loss != whole.curve.train_loss
