"""The rows of the annotation table, one module for each group that is documented together."""
