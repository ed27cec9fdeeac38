"""Networks that a population trains, as pure functions of their parameters; see `reproduce.population.problems`.

Parameters come in the order of the trainable variables of the Keras network of the same name in `reproduce.models`, and
a generator draws the same first weights for both, so that weights can be carried over as they are.
"""
