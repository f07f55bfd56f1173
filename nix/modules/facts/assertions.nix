# Facts that fit their types and not each other. The sentences are read by a person who edited a facts file, or who
# changed one of the two sides of the mirror.
{ config, lib, ... }:

let
  inherit (config) facts;
  inherit (facts) machine network;

  controlPlane = machine.role == "control-plane";
  names = map (interface: interface.name) network.interfaces;
  members = map (member: member.name) facts.etcd.members;
  files = map (file: file.name) facts.pki.files;
  strangers = builtins.filter (name: !(builtins.elem name names)) [ network.uplink network.peers ];
  missing = builtins.filter (name: !(builtins.elem name files)) config.credentials.needed;
in
{
  # What a module reads of the credentials. It says so itself, so that a file that nobody delivers is missed here and not
  # by a daemon at three in the morning.
  options.credentials.needed = lib.mkOption {
    type = lib.types.listOf lib.types.str;
    default = [ ];
    description = "Names of the files of credentials that the modules of this node refer to.";
  };

  config.assertions = [
    {
      assertion = controlPlane == builtins.elem machine.name members;
      message = "${machine.name} is a ${machine.role}: control planes, and only they, are members of etcd (${toString members}).";
    }
    {
      assertion = controlPlane == (facts.api.advertise != null);
      message = "${machine.name} is a ${machine.role}: control planes, and only they, have an address to advertise (`api.advertise`).";
    }
    {
      assertion = controlPlane == (facts.ports.kubelet == null);
      message = "${machine.name} is a ${machine.role}: workers, and only they, run a kubelet (`ports.kubelet`).";
    }
    {
      assertion = strangers == [ ];
      message = "`network.uplink` and `network.peers` must each name a card of `network.interfaces`; ${toString strangers} is none.";
    }
    {
      assertion = facts.pods.own == null || (facts.pods.cni == "bridge" && !controlPlane);
      message = "${machine.name} has pod addresses of its own (`pods.own`), which only workers have, and only with the bridge: with ${facts.pods.cni} the cluster hands them out.";
    }
    {
      assertion = controlPlane || facts.pods.cni != "bridge" || facts.pods.own != null;
      message = "${machine.name} is a worker with the bridge and has no pod addresses of its own (`pods.own`).";
    }
    {
      assertion = builtins.length facts.ports.nodePorts == 2;
      message = "`ports.nodePorts` is the first and the last port of a range, and nothing else.";
    }
    {
      assertion = missing == [ ];
      message = "${machine.name} is not given what its programs read (`pki.files`): ${toString missing}.";
    }
    {
      assertion = facts.ssh.authorizedKeys != [ ];
      message = "nobody could log in to ${machine.name}: `ssh.authorizedKeys` is empty, and there are no passwords.";
    }
  ];
}
