"""Genomes: JSON, expression, equal candidates written differently, the space they are drawn from."""

import json

import numpy as np
import pytest

from paper_optimizers import from_text, get
from reproduce.population.assembly import Capacity, fits
from reproduce.search.genome import Decay, Gene, Genome, Wire
from reproduce.search.published_space import Primitive
from reproduce.search.sampling import Sampler
from reproduce.search.spaces import BELLO2017, FULL, NO_DECAY, SPACES

GRADIENT, AVERAGE, WEIGHT = Primitive("gradient"), Primitive("moment"), Primitive("weight", (("scale", 0.001),))
IDLE = Gene(Primitive("tanh"), (Wire(GRADIENT),))


def unary(op, source, decay=None):
    return Gene(Primitive(op), (Wire(source, decay),))


def binary(op, first, second):
    return Gene(Primitive(op), (Wire(first), Wire(second)))


def genome(root, *hidden, momentum="none"):
    return Genome((*hidden, *(IDLE,) * (5 - len(hidden))), root, momentum)


FALLING = Decay(unary("tanh", Primitive("linear_growth")), unary("identity", Primitive("linear_decay")))


def test_expresses_its_active_part():
    made = genome(binary("add", 0, WEIGHT), unary("tanh", GRADIENT, FALLING), momentum="nesterov")
    assert made.express().to_text() == "Nest ~ (tanh([id(a1)][g]))+(10-3w)"
    assert made.active == (0, 5)
    assert made.express(ascend=True).ascend


def test_inactive_nodes_may_read_each_other_in_a_circle_and_active_ones_may_not():
    hidden = (IDLE, unary("tanh", 2), unary("exp", 1), IDLE, IDLE)
    assert Genome(hidden, unary("tanh", 0), "none").active == (0, 5)
    with pytest.raises(ValueError, match="in a circle"):
        Genome(hidden, unary("tanh", 1), "none")


def test_a_shared_node_is_one_node_and_a_random_one_draws_once():
    made = genome(binary("subtract", 0, 1), unary("dropout", GRADIENT), unary("identity", 0))
    assert sum(node.op == "dropout" for node in made.express().update.nodes) == 1


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda space: space.name)
def test_json_gives_the_same_genome_back(space):
    sampler, random = Sampler(space), np.random.default_rng(5)
    for _ in range(200):
        made = sampler.genome(random)
        assert Genome.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("root"),
        lambda document: document["hidden"].pop(),
        lambda document: document["root"].update(op="nothing"),
        lambda document: document["root"]["inputs"].pop(),
        lambda document: document["root"]["inputs"].append({"hidden": 9}),
        lambda document: document["root"]["inputs"][0].update(hidden="first"),
        lambda document: document.update(momentum="strong"),
    ],
)
def test_a_spoilt_document_is_a_value_error(spoil):
    document = genome(unary("tanh", 0), unary("exp", GRADIENT)).to_dict()
    spoil(document)
    with pytest.raises(ValueError):  # noqa: PT011 - each says something of its own
        Genome.from_dict(document)


#: Pairs that compute the same: argument order, identities, double negation, times one, sharing.
TANH, EXP, TWO = unary("tanh", GRADIENT), unary("exp", GRADIENT), Primitive("constant", (("value", 2.0),))
EQUAL = [
    (genome(binary("add", 0, WEIGHT), TANH), genome(binary("add", WEIGHT, 0), TANH)),
    (genome(unary("tanh", 0), unary("identity", GRADIENT)), genome(unary("identity", 0), TANH)),
    (genome(unary("negate", 0), unary("negate", AVERAGE)), genome(unary("identity", 0), unary("identity", AVERAGE))),
    (genome(binary("multiply", 0, Primitive("constant")), EXP), genome(unary("identity", 0), EXP)),
    (genome(binary("add", 0, 1), TANH, TANH), genome(binary("multiply", 0, TWO), TANH)),
    (genome(unary("tanh", 0), EXP), genome(unary("tanh", 3), IDLE, IDLE, unary("abs", 1), EXP)),
]


@pytest.mark.parametrize(("first", "second"), EQUAL)
def test_equal_candidates_have_one_fingerprint(first, second):
    assert first != second
    assert first.express().fingerprint() == second.express().fingerprint()


def test_a_flipped_negation_is_the_thing_itself():
    negated = genome(unary("negate", 0), unary("tanh", GRADIENT))
    plain = genome(unary("identity", 0), unary("tanh", GRADIENT))
    assert negated.express(ascend=True).fingerprint() == plain.express().fingerprint()


def test_spaces():
    assert (len(FULL.operands), len(FULL.unary), len(FULL.binary)) == (20, 26, 10)
    assert (len(FULL.curves), len(FULL.decay_unary), len(FULL.decay_binary)) == (14, 13, 7)
    assert not NO_DECAY.has_decays
    assert NO_DECAY.operands == FULL.operands
    for space in SPACES.values():
        for primitive in space.operands:
            spec = genome(unary("identity", 0), unary("identity", primitive)).express()
            assert from_text(spec.to_text()).fingerprint() == spec.fingerprint()


def text_of(gene: Gene) -> str:
    """The function of one node, in the log's notation."""
    return genome(unary("identity", 0), gene).express().to_text().removeprefix("None ~ id(").removesuffix(")")


def test_the_space_of_2017_holds_what_that_paper_lists():
    """Bello et al. 2017, section 4; left out are noise, which no spec can say, and "keep left", which is id(x)."""
    root = "sqrt(|s hat{beta=0.999}|)"
    operands = [
        "g", "g^2", "g^3", "v hat", "s hat{beta=0.999}", "lam hat", "sign(g)", "sign(v hat)", "1", "2",
        "10-4w", "10-3w", "0.01w", "0.1w", f"(v hat) / ({root})", f"(g) / ({root})",
    ]  # fmt: skip
    assert [text_of(unary("identity", each)) for each in BELLO2017.operands] == [f"id({each})" for each in operands]
    assert [text_of(Gene(each, (Wire(AVERAGE),))) for each in BELLO2017.unary] == [
        "id(v hat)", "-(v hat)", "exp(v hat)", "ln(|v hat|)", "sqrt(|v hat|)",
        "clip(v hat, 1e-05)", "clip(v hat, 0.0001)", "clip(v hat, 0.001)",
        "drop(v hat, 0.1)", "drop(v hat, 0.3)", "drop(v hat, 0.5)", "sign(v hat)",
    ]  # fmt: skip
    assert [primitive.op for primitive in BELLO2017.binary] == ["add", "subtract", "multiply", "divide", "power"]
    assert BELLO2017.momentum == ("none",)
    assert not BELLO2017.has_decays


def test_adam_of_the_space_of_2017_is_adam():
    primitive = next(primitive for primitive in BELLO2017.operands if primitive.op == "adam")
    spec = genome(unary("identity", 0), unary("identity", primitive)).express()
    assert spec.fingerprint() == get("Adam").fingerprint()


@pytest.mark.parametrize(
    ("primitive", "message"),
    [
        (
            Primitive("adam", (("beta", 0.9),)),
            "'adam' takes 0 arguments and the parameters beta, square_beta; received 0 arguments and beta",
        ),
        (
            Primitive("clip_to", (("bound", 0.1),)),
            "'clip_to' takes 1 arguments and the parameters bound; received 0 arguments and bound",
        ),
    ],
)
def test_a_composite_that_does_not_fit_is_refused(primitive, message):
    document = genome(unary("identity", 0), unary("identity", primitive)).to_dict()
    with pytest.raises(ValueError, match=message):
        Genome.from_dict(document)


def test_an_operand_is_no_function():
    with pytest.raises(ValueError, match="hidden node 0 gives 0 arguments to 'adam'"):
        genome(unary("identity", 0), Gene(BELLO2017.operands[-2], ()))


def test_every_genome_fits_the_engine():
    random = np.random.default_rng(0)
    for space in SPACES.values():
        sampler = Sampler(space)
        assert all(fits(sampler.genome(random).express(), Capacity()) for _ in range(500))


def test_the_largest_genome_of_2017_fits_the_engine():
    """Six functions of two arguments; both composites and five operands that share no node with them."""
    *rest, adam, rmsprop = BELLO2017.operands
    others = [primitive for primitive in rest if primitive.op in ("constant", "weight")][:5]
    hidden = [binary("add", number + 1, leaf) for number, leaf in enumerate([adam, rmsprop, *others[:2]])]
    spec = genome(binary("add", 0, others[4]), *hidden, binary("add", *others[2:4])).express()
    assert len(spec.update.active()) == 17
    assert fits(spec, Capacity())
