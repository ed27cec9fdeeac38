"""The networks that Keras trains."""
