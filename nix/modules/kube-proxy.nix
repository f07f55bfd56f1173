# Services by hand: a service has an address that no machine has, and kube-proxy writes rules that turn it into the
# address of one of its pods. Cilium does the same in its own way, and then there is no kube-proxy.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (config) facts;
  hard = import ../lib;

  files = {
    kubeconfig = "kube-proxy.kubeconfig";
  };
  at = builtins.mapAttrs (_: file: "${facts.pki.directory}/${file}") files;

  document = {
    apiVersion = "kubeproxy.config.k8s.io/v1alpha1";
    kind = "KubeProxyConfiguration";
    clientConnection.kubeconfig = at.kubeconfig;
    hostnameOverride = facts.machine.name;
    # Kernels of today have nftables; the iptables of old are no longer in them.
    mode = "nftables";
    clusterCIDR = facts.pods.range;
    detectLocalMode = "ClusterCIDR";
    healthzBindAddress = "0.0.0.0:${toString facts.ports.proxyHealth}";
    metricsBindAddress = "127.0.0.1:${toString facts.ports.proxyMetrics}";
  };

  file = "kubernetes/kube-proxy.json";
in
{
  config = lib.mkIf (facts.pods.cni == "bridge") {
    credentials.needed = builtins.attrValues files;
    environment.etc.${file} = {
      text = hard.json document;
      mode = "0600";
    };

    systemd.services.kube-proxy = lib.mkMerge [
      hard.persistent
      {
        description = "Kubernetes kube-proxy";
        documentation = [ "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-proxy" ];
        wantedBy = [ "multi-user.target" ];
        wants = [ "network-online.target" ];
        after = [ "network-online.target" ];
        restartTriggers = [ (hard.json document) ];
        path = [
          pkgs.conntrack-tools
          pkgs.kmod
          pkgs.nftables
        ];
        serviceConfig = {
          ExecStart = hard.command "${pkgs.kubernetes}/bin/kube-proxy" { config = "/etc/${file}"; };
          Type = "exec";
          # It writes rules and settings of the network; nothing else of the machine is its business.
          NoNewPrivileges = true;
          ProtectHome = true;
          ProtectSystem = "strict";
          PrivateTmp = true;
        };
      }
    ];
  };
}
