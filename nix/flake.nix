# For people who have Nix: the same modules as a flake. Nothing in the project needs it; the installer does not.
#
#     nix flake check ./nix --override-input nixpkgs github:NixOS/nixpkgs/nixos-<release>
#
# The release belongs to the cluster and not to this file: without the override the registry's nixpkgs is taken.
{
  description = "Kubernetes the hardest way: the operating systems of the nodes";

  inputs.nixpkgs.url = "flake:nixpkgs";

  outputs =
    { nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;

      # A node from the path of its facts file.
      node = facts: lib.nixosSystem { modules = [ (import ./. { inherit facts; }) ]; };

      # The clusters that the tests evaluate as well: a directory each, with a facts file for every node.
      fixtures = ../xtask/tests/fixtures;
      clusters = builtins.attrNames (lib.filterAttrs (_: kind: kind == "directory") (builtins.readDir fixtures));

      nodesOf =
        cluster:
        let
          files = builtins.filter (lib.hasSuffix ".json") (builtins.attrNames (builtins.readDir (fixtures + "/${cluster}")));
        in
        map (file: {
          name = "${cluster}-${lib.removeSuffix ".json" file}";
          value = node (fixtures + "/${cluster}/${file}");
        }) files;
    in
    {
      lib = { inherit node; };

      nixosConfigurations = builtins.listToAttrs (builtins.concatMap nodesOf clusters);

      # Every fixture node is a check: its whole system builds.
      checks = lib.foldl' lib.recursiveUpdate { } (
        map (
          { name, value }:
          {
            ${value.config.nixpkgs.hostPlatform.system}.${name} = value.config.system.build.toplevel;
          }
        ) (builtins.concatMap nodesOf clusters)
      );
    };
}
