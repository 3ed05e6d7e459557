"""A real Kubernetes for tests/e2e: etcd, kube-apiserver, kube-controller-manager and kubectl.

Only the kubelet is a stand-in (kubelet.py): it serves each pod itself instead of in a container.
Tests use ``Cluster`` (cluster.py) and what it hands out; the rest is how it is made.
"""
