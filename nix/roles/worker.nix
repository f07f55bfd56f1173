# A worker: containerd, the kubelet, and what carries packets between pods.
_:

{
  imports = [
    ../modules/base.nix
    ../modules/kernel.nix
    ../modules/containerd.nix
    ../modules/images.nix
    ../modules/kubelet.nix
    ../modules/cni.nix
    ../modules/cni-bridge.nix
    ../modules/cni-cilium.nix
    ../modules/kube-proxy.nix
  ];
}
