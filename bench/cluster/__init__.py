"""Clusters of any size: the objects, written as manifests or served as an API server does.

The same shape and seed give the same objects, but for keys, certificates and their dates.
"""
