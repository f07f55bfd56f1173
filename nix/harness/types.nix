# The types that our modules and the options that they set have: what fits, and what becomes of several definitions.
let
  system = import ./modules.nix;
  inherit (system)
    merge
    places
    pushDown
    tree
    ;

  inherit (builtins)
    all
    attrNames
    concatMap
    concatStringsSep
    filter
    foldl'
    head
    isAttrs
    isBool
    isInt
    isList
    isString
    listToAttrs
    match
    ;

  dotted = concatStringsSep ".";
  unique = foldl' (seen: item: if builtins.elem item seen then seen else seen ++ [ item ]) [ ];

  # Several definitions are fine if they say the same.
  same =
    loc: defs:
    if all (def: def.value == (head defs).value) defs then
      (head defs).value
    else
      throw "the option `${dotted loc}` has definitions that contradict each other:\n${places defs}";

  atom = name: check: {
    inherit name check;
    merge = same;
  };

  absolute = value: isString value && match "/.*" value != null;

  types = rec {
    anything = atom "anything" (_: true);
    bool = atom "boolean" isBool;
    int = atom "integer" isInt;
    str = atom "string" isString;
    path = atom "absolute path" (value: builtins.isPath value || absolute value || package.check value);
    package = atom "package" (value: isAttrs value && value.type or null == "derivation");
    matching = pattern: atom "string matching ${pattern}" (value: isString value && match pattern value != null);
    enum = values: atom "one of ${builtins.toJSON values}" (value: builtins.elem value values);

    ints.between = low: high: atom "integer from ${toString low} to ${toString high}" (value: isInt value && low <= value && value <= high);
    port = ints.between 0 65535;

    lines = atom "lines" isString // {
      merge = _: defs: concatStringsSep "\n" (map (def: def.value) defs);
    };

    nullOr = type: {
      name = "null or ${type.name}";
      check = value: value == null || type.check value;
      merge =
        loc: defs:
        let
          nulls = filter (def: def.value == null) defs;
        in
        if nulls == [ ] then type.merge loc defs else same loc defs;
    };

    # The first that fits all definitions; sets and lists do not fit each other, and that is all the difference we need.
    either = one: other: {
      name = "${one.name} or ${other.name}";
      check = value: one.check value || other.check value;
      merge = loc: defs: (if all (def: one.check def.value) defs then one else other).merge loc defs;
    };

    listOf = type: {
      name = "list of ${type.name}";
      check = isList;
      merge =
        loc: defs:
        let
          item = def: value: merge (loc ++ [ "*" ]) type [ { inherit (def) file; inherit value; } ];
          items = concatMap (def: map (item def) def.value) defs;
        in
        map (it: it.value) (filter (it: it != null) items);
    };

    attrsOf = type: {
      name = "set of ${type.name}";
      check = value: isAttrs value && !(package.check value);
      merge =
        loc: defs:
        let
          sets = concatMap (def: map (value: def // { inherit value; }) (pushDown def.value)) defs;
          names = unique (concatMap (def: attrNames def.value) sets);
          of = name: concatMap (def: if def.value ? ${name} then [ { inherit (def) file; value = def.value.${name}; } ] else [ ]) sets;
          member =
            name:
            let
              merged = merge (loc ++ [ name ]) type (of name);
            in
            # A member under a condition that does not hold is not there at all.
            if merged == null then [ ] else [ { inherit name; inherit (merged) value; } ];
        in
        listToAttrs (concatMap member names);
    };

    submodule = { options, freeform ? null }: {
      name = "record";
      check = isAttrs;
      # Definitions of a record are modules to it, and modules count from the last to the first: the order turns round.
      merge = loc: defs: (tree loc options freeform (foldl' (turned: def: [ def ] ++ turned) [ ] defs)).defined;
    };

    # A directive of a unit: a list repeats it. Definitions of lists add up, others must agree.
    directive =
      let
        word = either str (either bool (either int (either path package)));
        several = listOf word;
      in
      {
        name = "systemd option";
        check = value: word.check value || several.check value;
        merge =
          loc: defs:
          if all (def: !(isList def.value)) defs then
            same loc defs
          else
            several.merge loc (map (def: def // { value = if isList def.value then def.value else [ def.value ]; }) defs);
      };

    # Lists that NixOS turns into sets; for us they stay lists.
    names = {
      name = "list of string, or set of boolean";
      check = value: isList value || isAttrs value;
      merge = loc: defs: (if isList (head defs).value then listOf str else attrsOf bool).merge loc defs;
    };
  };
in
types
