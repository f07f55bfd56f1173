# A control plane: etcd, the API server and the two that work through it. There is no kubelet and no container: nothing
# here waits for a cluster in order to start one.
_:

{
  imports = [
    ../modules/base.nix
    ../modules/etcd.nix
    ../modules/kube-apiserver.nix
    ../modules/kube-controller-manager.nix
    ../modules/kube-scheduler.nix
  ];
}
