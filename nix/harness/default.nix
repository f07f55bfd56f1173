# A node as NixOS would see it, from the path of its facts file: everything that our modules define, and nothing that is
# only a default of NixOS. Assertions that fail end it, as they do in NixOS.
{ facts, tree ? ../. }:

let
  system = import ./modules.nix;

  node = system.evaluate {
    modules = [ (import tree { inherit facts; }) ];
    options = import ./nixos.nix;
    arguments.pkgs = import ./pkgs.nix;
  };

  failed = builtins.filter (one: !one.assertion) node.config.assertions;
in
if failed == [ ] then
  removeAttrs node.defined [ "assertions" "facts" "credentials" ]
else
  throw "failed assertions:\n${builtins.concatStringsSep "\n" (map (one: "- ${one.message}") failed)}"
