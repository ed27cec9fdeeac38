"""What each optimizer of the catalog does, in words."""

from __future__ import annotations

from collections.abc import Mapping

_BLEND = "Follows q1, a blend of three parts gradient and seven parts average gradient"
_WEIGHT_DECAY = "adds a weight decay of about 1e-5 times the rate"
_SIGNS = "Scales each gradient by whether it agrees in sign with the average of the past ones"

#: By name; an optimizer that is not here has no paragraph on its card.
WORDS: Mapping[str, str] = {
    "Opt1": f"{_BLEND}, and {_WEIGHT_DECAY}, less where the weight so scaled is near the average squared gradient q2.",
    "Opt2": f"{_BLEND}, and {_WEIGHT_DECAY}, less where squared gradients are large.",
    "Opt3": f"{_BLEND}, and {_WEIGHT_DECAY}, less where cubed gradients are large.",
    "Opt4": (
        f"{_BLEND}, divided by a number that grows with the average gradient, at most 2: descent along a positive "
        "average is slowed, along a negative one sped up, so the update is not symmetric. Its decay function makes the "
        "divisor small towards the end of training, and LR1 multiplies the rate."
    ),
    "Opt5": (
        f"{_BLEND}, divided by the exponential of the average gradient, at most 2: descent along a positive average is "
        "slowed, along a negative one sped up, so the update is not symmetric. LR1 multiplies the rate."
    ),
    "Opt6": (
        f"{_BLEND}, divided by a decay function that falls from 1 to 0.42 over training; the weight's own term moves "
        "the divisor by parts in ten thousand. LR1 multiplies the rate."
    ),
    "Opt7": (
        f"{_BLEND}, through a soft clip that never reaches 1. Its decay function starts at 0, peaks half-way, and "
        "rises again to the end: a second warm-up and a second wind on top of the rate's."
    ),
    "Opt8": (
        f"{_BLEND}, through a function that is linear for small values and grows like a logarithm of a logarithm for "
        "large ones. Its decay function is that of Opt7."
    ),
    "Opt9": (
        "Follows the gradient with Nesterov momentum, lengthened by up to a factor of 4.8 where squared gradients are "
        "large. Its decay function rises from 0.16 to 1, a slow second warm-up."
    ),
    "Opt10": (
        "Follows a squashed gradient with Nesterov momentum: a quarter of it where it is small, never beyond a tenth. "
        "Its decay function starts at 0, peaks at four fifths of training and falls to 0, so that it turns into pure "
        "momentum in the last steps."
    ),
    "A1": (
        "Clips the average gradient to its root mean square. Where Adam divides by that number, this cuts at it: small "
        "averages keep their size."
    ),
    "A2": (
        "Clips the average gradient to the size of the logarithm of the average squared gradient. For gradients well "
        "below 1 that bound is far away; where they are near 1 in size it closes to 0."
    ),
    "A3": "As A2, with the root of the logarithm's size as the bound, which is wider near 1 and narrower far from it.",
    "A4": "Clips the average gradient to a bound between 0.5 and 1 that widens with the squared gradient.",
    "A5": "As A1, after which the update of each tensor is cut to length 1.",
    "Opt1-released": "Opt1 as the published code computes it, with a misplaced parenthesis in the bound.",
    "Opt3-released": "Opt3 as the published code computes it, whose third moment averages squared gradients.",
    "SGD": "Follows the gradient.",
    "Momentum": "Follows the gradient with momentum.",
    "Nesterov": "Follows the gradient with momentum, looking one step ahead.",
    "Adam": "Follows the average gradient over the root mean square of the gradients.",
    "AdamW": "As Adam, plus a share of the weight itself, which draws it towards zero.",
    "RMSprop": "Follows the gradient over the root mean square of the past gradients.",
    "Adagrad": "Follows the gradient over the root of the sum of all its squares so far, so steps only shrink.",
    "Lion": "Moves every weight by the same amount, in the direction of the sign of an average of the gradients.",
    "AddSign": f"{_SIGNS}: by two where it does, by none where it does not.",
    "AddSign-ld": f"{_SIGNS}, less and less towards the end of training (linear decay).",
    "AddSign-cd": f"{_SIGNS}, less and less towards the end of training (cosine decay).",
    "PowerSign": f"{_SIGNS}: by e where it does, by 1/e where it does not.",
    "PowerSign-ld": f"{_SIGNS}, less and less towards the end of training (linear decay).",
    "PowerSign-cd": f"{_SIGNS}, less and less towards the end of training (cosine decay).",
}
