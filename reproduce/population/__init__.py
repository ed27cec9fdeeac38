"""The population engine: many optimizers trained in one compiled JAX program."""
