"""The sample system on Kubernetes: real Deployments, Services and StatefulSets, and the stack port over them."""
