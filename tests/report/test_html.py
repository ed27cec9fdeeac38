import random
from xml.etree import ElementTree as Xml

import pytest

from paper_optimizers import describe_schedule, get, names, schedule_names
from paper_optimizers.latex import graph_to_latex
from reproduce.report.html import to_mathml
from tests.paper_optimizers.spec_strategies import random_spec


@pytest.mark.parametrize(
    ("latex", "inside"),
    [
        (r"q_1 + 0.5", "<msub><mi>q</mi><mn>1</mn></msub><mo>+</mo><mn>0.5</mn>"),
        (r"\frac{a}{b + \epsilon}", "<mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mi>ϵ</mi></mrow></mfrac>"),
        (r"\sqrt{\left|x\right|}", "<msqrt><mrow><mo>|</mo><mi>x</mi><mo>|</mo></mrow></msqrt>"),
        (r"\hat{v}", "<mover><mi>v</mi><mo>^</mo></mover>"),
        (r"a'_{14}", "<msubsup><mi>a</mi><mn>14</mn><mi>′</mi></msubsup>"),
        (r"\tanh'\left(x\right)", "<msup><mi>tanh</mi><mi>′</mi></msup><mrow><mo>(</mo><mi>x</mi><mo>)</mo></mrow>"),
        (r"\operatorname{clip}", "<mi>clip</mi>"),
        (r"\mathrm{held}", "<mi>held</mi>"),
        (r"-10^{-7}", "<mo>−</mo><msup><mn>10</mn><mrow><mo>−</mo><mn>7</mn></mrow></msup>"),
        (r"x < y", "<mi>x</mi><mo>&lt;</mo><mi>y</mi>"),
    ],
)
def test_mathml_worked_out_by_hand(latex: str, inside: str) -> None:
    (row,) = Xml.fromstring(to_mathml(latex))
    assert bare(row) in (inside, f"<mrow>{inside}</mrow>")


def bare(element: Xml.Element) -> str:
    """The element without attributes, and without rows of a single element."""
    tag = element.tag.rpartition("}")[2]
    text = (element.text or "").replace("<", "&lt;")
    inside = text + "".join(bare(child) for child in element)
    return inside if tag == "mrow" and len(element) == 1 else f"<{tag}>{inside}</{tag}>"


def test_everything_the_catalog_and_random_specs_write_is_read() -> None:
    formulas = [get(name).to_latex() for name in names()]
    formulas += [graph_to_latex(describe_schedule(name).factor) for name in schedule_names()]
    for seed in range(150):
        spec = random_spec(random.Random(seed), 10)
        formulas += [spec.to_latex(), *(graph_to_latex(decay) for decay in spec.decays)]
    for formula in formulas:
        math = Xml.fromstring(to_mathml(formula, block=True))
        text = "".join(math.itertext())
        assert math.get("display") == "block"
        assert "\\" not in text
        assert text.count("(") == text.count(")") == formula.count(r"\left(")


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a command that is not known"):
        to_mathml(r"\foo{x}")
