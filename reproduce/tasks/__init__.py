"""Tasks that optimizers are trained on, what trains them, and the rules that choose their rates."""
