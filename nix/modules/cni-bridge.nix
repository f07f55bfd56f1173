# The pod network by hand: a bridge on every worker, a part of the pod range for each, and routes from node to node
# (network.nix has those, from the facts). What leaves the cluster does so under the node's address.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (config) facts;
  hard = import ../lib;

  bridge = "cni0";

  network = {
    cniVersion = "1.0.0";
    name = "pods";
    plugins = [
      {
        type = "bridge";
        inherit bridge;
        # The bridge has the first address of the part and is every pod's way out.
        isGateway = true;
        # A pod that calls its own service must hear itself.
        hairpinMode = true;
        # The plugin would also hide the sender from pods on other nodes; the rule below hides it from the world alone.
        ipMasq = false;
        ipam = {
          type = "host-local";
          ranges = [ [ { subnet = facts.pods.own; } ] ];
          routes = [ { dst = "0.0.0.0/0"; } ];
          # Given away addresses are forgotten at a restart of the machine, as the pods are that had them.
          dataDir = "/run/cni/addresses";
        };
      }
      {
        type = "portmap";
        capabilities.portMappings = true;
      }
    ];
  };

  # Declared, deleted and declared again: so it can be loaded over and over.
  rules = ''
    table ip pod-egress
    delete table ip pod-egress
    table ip pod-egress {
      chain postrouting {
        type nat hook postrouting priority srcnat;
        ip saddr ${facts.pods.range} oifname "${facts.network.uplink}" masquerade
      }
    }
  '';
in
{
  config = lib.mkIf (facts.pods.cni == "bridge") {
    environment.etc."cni/net.d/10-bridge.conflist".text = hard.json network;
    environment.etc."kubernetes/pod-egress.nft".text = rules;

    # Pods on this node call its kubelet and other ports of the machine.
    networking.firewall.trustedInterfaces = [ bridge ];

    systemd.services.pod-egress = {
      description = "Pods leave the cluster under the address of their node";
      wantedBy = [ "multi-user.target" ];
      before = [ "kubelet.service" ];
      restartTriggers = [ rules ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${pkgs.nftables}/bin/nft --file /etc/kubernetes/pod-egress.nft";
      };
    };
  };
}
