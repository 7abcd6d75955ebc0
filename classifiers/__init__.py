"""Text in, verdict out: the models, their training and their evaluation."""
