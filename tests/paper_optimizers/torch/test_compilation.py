"""A step that torch.compile compiles gives the numbers of one that it does not, and is not compiled again for each."""

import warnings

import pytest

from tests.paper_optimizers.torch.worlds import TABLE, assert_close, give_gradients, parameters, torch

SHAPES = ((3, 2), (2,))


@pytest.mark.parametrize("capturable", [False, True])
@pytest.mark.parametrize("name", ["Opt1", "Opt4", "Opt9", "Opt10", "A5", "stateful"])
def test_a_compiled_step(name: str, capturable: bool) -> None:
    torch._dynamo.reset()
    ours, theirs = parameters(shapes=SHAPES), parameters(shapes=SHAPES)
    plain, optimizer = TABLE[name](theirs), TABLE[name](ours, capturable=capturable)
    graphs = []

    def backend(graph, inputs):
        graphs.append(len(graph.graph.nodes))
        return graph

    compiled = torch.compile(optimizer.step, backend=backend)
    counts = []
    for step in range(6):
        give_gradients(ours, step)
        give_gradients(theirs, step)
        plain.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled()
        counts.append(len(graphs))
    assert_close(ours, theirs, 1e-5)
    assert counts[0] > 0
    assert counts[3] == counts[-1]
