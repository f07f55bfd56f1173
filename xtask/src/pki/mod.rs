//! Certificates, kubeconfigs, the encryption key and the ssh key. Knows the Cluster, and nothing of the graph.
