# What the kubelet and pod networks expect of the kernel of a worker.
_:

{
  # Loaded at the start, because what runs in a container cannot load any: overlay for images, br_netfilter so that
  # packets between two pods of one bridge pass the rules of services.
  boot.kernelModules = [
    "br_netfilter"
    "overlay"
  ];

  boot.kernel.sysctl = {
    # A worker is a router between its pods and the rest.
    "net.ipv4.ip_forward" = 1;
    "net.bridge.bridge-nf-call-iptables" = 1;

    # The kubelet checks these instead of setting them (protectKernelDefaults): a program of the cluster does not turn
    # the knobs of the machine.
    "vm.overcommit_memory" = 1;
    "vm.panic_on_oom" = 0;
    "kernel.panic" = 10;
    "kernel.panic_on_oops" = 1;
    "kernel.keys.root_maxkeys" = 1000000;
    "kernel.keys.root_maxbytes" = 25000000;

    # Answers may come back on another card than a route to their sender names. The stricter of two filters counts, the
    # one for all cards and the card's own; systemd gives every card a loose one, which lets through what has any route.
    "net.ipv4.conf.all.rp_filter" = 0;
    "net.ipv4.conf.default.rp_filter" = 0;
  };
}
