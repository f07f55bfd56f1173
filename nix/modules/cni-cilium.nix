# What Cilium finds on a worker when it comes: it is installed into the running cluster, brings its own plugin and
# configuration, and takes kube-proxy's place.
{ config, lib, ... }:

let
  inherit (config) facts;
  inherit (facts) ports;
in
{
  config = lib.mkIf (facts.pods.cni == "cilium") {
    # Its container has no /lib/modules to load them from. A name that a kernel does not have is passed over.
    boot.kernelModules = [
      "cls_bpf"
      "ip_set"
      "nft_compat"
      "sch_fq"
      "sch_ingress"
      "veth"
      "vxlan"
      "xfrm_user"
      "xt_CT"
      "xt_TPROXY"
      "xt_comment"
      "xt_conntrack"
      "xt_mark"
      "xt_socket"
    ];

    # Programs in the kernel are pinned here and outlive the agent that loaded them. systemd mounts it as well; this
    # says that somebody depends on it.
    fileSystems."/sys/fs/bpf" = {
      device = "bpf";
      fsType = "bpf";
      options = [ "nosuid" "nodev" "noexec" "mode=0700" ];
    };

    # systemd's own file of settings has a line for every card, which would win over the two for all cards.
    boot.kernel.sysctl = {
      "net.ipv4.conf.cilium_*.rp_filter" = 0;
      "net.ipv4.conf.lxc*.rp_filter" = 0;
    };

    networking.firewall = {
      trustedInterfaces = [ "cilium_host" "cilium_net" "cilium_vxlan" "lxc+" ];
      interfaces.${facts.network.peers} = {
        allowedTCPPorts = [ ports.ciliumHealth ports.ciliumHubble ];
        allowedUDPPorts = [ ports.ciliumTunnel ];
      };
    };
  };
}
