# What our modules use of nixpkgs' `lib`, under the same names, and nothing else: a function that is missing here has
# never been needed. Properties (mkIf and its kin) are plain sets with a `_type`; modules.nix reads them.
let
  inherit (builtins)
    attrNames
    elemAt
    filter
    length
    listToAttrs
    ;

  mkOverride = priority: content: {
    _type = "override";
    inherit content priority;
  };

  mkOrder = priority: content: {
    _type = "order";
    inherit content priority;
  };
in
{
  inherit mkOrder mkOverride;

  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };

  # The smaller number wins; a definition without a property has 100.
  mkOptionDefault = mkOverride 1500;
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;

  # The smaller number comes first; a definition without a property has 1000.
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;

  mkOption = declaration: declaration // { _type = "option"; };

  optionals = condition: list: if condition then list else [ ];
  optionalAttrs = condition: set: if condition then set else { };
  last = list: elemAt list (length list - 1);

  findFirst =
    wanted: default: list:
    let
      found = filter wanted list;
    in
    if found == [ ] then default else builtins.head found;

  filterAttrs =
    keep: set:
    listToAttrs (
      map (name: {
        inherit name;
        value = set.${name};
      }) (filter (name: keep name set.${name}) (attrNames set))
    );
}
