# The NixOS configuration of one node. `facts` is the path of its facts file, and what comes back is a NixOS module:
#
#     import ./nix { facts = ./facts.json; }
#
# is a whole configuration.nix. Which modules a node has follows from its role; everything else is in the facts.
{ facts }:

let
  known = builtins.fromJSON (builtins.readFile facts);

  roles = {
    control-plane = ./roles/control-plane.nix;
    worker = ./roles/worker.nix;
  };

  role = known.machine.role or "nothing";
in
{
  imports = [
    (roles.${role} or (throw "`machine.role` of the facts is ${role}; it must be control-plane or worker"))
  ];

  config.facts = known;
}
