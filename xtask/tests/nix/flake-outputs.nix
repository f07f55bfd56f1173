# Not a flake: what nix/flake.nix makes of the fixtures, with as much of nixpkgs as it asks for.
let
  inherit (builtins) stringLength substring;

  lib = import ../../../nix/harness/lib.nix // {
    inherit (builtins) foldl';
    hasSuffix = end: text: stringLength text >= stringLength end && substring (stringLength text - stringLength end) (stringLength end) text == end;
    removeSuffix = end: text: substring 0 (stringLength text - stringLength end) text;
    recursiveUpdate = one: other: one // builtins.mapAttrs (name: value: (one.${name} or { }) // value) other;
    nixosSystem = { modules }: {
      config = {
        nixpkgs.hostPlatform.system = (builtins.head modules).config.facts.machine.platform;
        system.build.toplevel = (builtins.head modules).config.facts.machine.name;
      };
    };
  };

  outputs = (import ../../../nix/flake.nix).outputs { nixpkgs = { inherit lib; }; };
in
{
  nodes = builtins.attrNames outputs.nixosConfigurations;
  inherit (outputs) checks;
}
