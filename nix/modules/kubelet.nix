# The kubelet: asks the API which pods belong on this node, and has containerd run them.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (config) facts;
  inherit (facts.machine) name;
  hard = import ../lib;
  document = import ./kubelet-config.nix { inherit at facts hard; };

  file = "kubernetes/kubelet.json";

  files = {
    ca = "ca.pem";
    cert = "${name}.pem";
    key = "${name}-key.pem";
    kubeconfig = "${name}.kubeconfig";
  };
  at = builtins.mapAttrs (_: file: "${facts.pki.directory}/${file}") files;

  nodePorts = {
    from = builtins.head facts.ports.nodePorts;
    to = lib.last facts.ports.nodePorts;
  };

  # The kubelet doubles its pauses when the API does not answer, up to minutes. So it starts when the API answers.
  answers = builtins.concatStringsSep " " [
    "${pkgs.curl}/bin/curl --silent --show-error --fail --max-time 10 --output /dev/null"
    "--cacert ${at.ca} ${facts.api.url}/readyz"
  ];
in
{
  credentials.needed = builtins.attrValues files;
  environment.systemPackages = [ pkgs.kubernetes ];
  environment.etc.${file} = {
    text = hard.json document;
    mode = "0600";
  };

  # logind lets the kubelet hold up a shutdown for as long as it takes to end the pods.
  services.logind.settings.Login.InhibitDelayMaxSec = document.shutdownGracePeriod;

  networking.firewall.interfaces.${facts.network.peers} = {
    allowedTCPPorts = [ facts.ports.kubelet ];
    allowedTCPPortRanges = [ nodePorts ];
    allowedUDPPortRanges = [ nodePorts ];
  };

  systemd.services.kubelet = lib.mkMerge [
    hard.persistent
    {
      description = "Kubernetes kubelet";
      documentation = [ "https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet" ];
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" "containerd.service" ];
      after = [ "network-online.target" "containerd.service" ];
      restartTriggers = [ (hard.json document) ];
      # What it calls by name: mounts, file systems of volumes, port forwarding, rules, modules.
      path = [
        pkgs.conntrack-tools
        pkgs.e2fsprogs
        pkgs.ethtool
        pkgs.iproute2
        pkgs.iptables
        pkgs.kmod
        pkgs.nftables
        pkgs.socat
        pkgs.util-linux
      ];
      serviceConfig = {
        ExecStartPre = answers;
        ExecStart = hard.command "${pkgs.kubernetes}/bin/kubelet" {
          config = "/etc/${file}";
          inherit (at) kubeconfig;
          # Its certificate says the same, and the API server holds it to that.
          hostname-override = name;
          node-ip = facts.network.address;
        };
        Type = "notify";
        # Pods outlive a restart of the kubelet.
        KillMode = "process";
        OOMScoreAdjust = -999;
      };
    }
  ];
}
