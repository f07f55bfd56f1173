# Packages by name: a path that says which one it is. A package that no module may use is not here.
builtins.listToAttrs (
  map
    (name: {
      inherit name;
      value = {
        type = "derivation";
        inherit name;
        outPath = "/pkgs/${name}";
      };
    })
    [
      "cni-plugins"
      "conntrack-tools"
      "containerd"
      "cri-tools"
      "curl"
      "e2fsprogs"
      "etcd_3_6"
      "ethtool"
      "iproute2"
      "iptables"
      "kmod"
      "kubernetes"
      "nftables"
      "runc"
      "socat"
      "util-linux"
    ]
)
