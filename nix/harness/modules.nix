# A module system as small as the modules that it judges: imports, options, definitions with conditions, priorities and
# order, and types that merge. It follows the NixOS manual ("Writing NixOS Modules"); what it leaves out (apply, extended
# option types, _module.args) it refuses or does not know.
#
#     evaluate { modules = [ ./node.nix ]; arguments = { pkgs = ...; }; }
#
# gives `config`, as modules see it, and `defined`: what somebody defined and nothing that is only a default of NixOS.
let
  lib = import ./lib.nix;

  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    filter
    foldl'
    head
    isAttrs
    isFunction
    listToAttrs
    mapAttrs
    sort
    ;

  has = kind: value: isAttrs value && value._type or null == kind;
  dotted = concatStringsSep ".";
  unique = foldl' (seen: item: if builtins.elem item seen then seen else seen ++ [ item ]) [ ];

  # For messages: one level of a value, because a whole configuration says nothing.
  show =
    value:
    if isAttrs value then
      "{ ${toString (attrNames value)} }"
    else if builtins.isList value then
      "[ ${toString (map show value)} ]"
    else if isFunction value then
      "a function"
    else
      builtins.toJSON value;
  places = defs: concatStringsSep "\n" (map (def: "  - in ${def.file}: ${show def.value}") defs);

  # Definitions of a set as definitions of its members: conditions and priorities move inwards, so that the names of the
  # members are known before any condition is asked.
  pushDown =
    value:
    if has "merge" value then
      concatMap pushDown value.contents
    else if has "if" value then
      map (mapAttrs (_: lib.mkIf value.condition)) (pushDown value.content)
    else if has "override" value then
      map (mapAttrs (_: lib.mkOverride value.priority)) (pushDown value.content)
    else
      [ value ];

  # A definition without its conditions: none, one or several.
  discharge =
    value:
    if has "merge" value then
      concatMap discharge value.contents
    else if has "if" value then
      (if value.condition then discharge value.content else [ ])
    else
      [ value ];

  # The definitions that count, in their order.
  strongest =
    defs:
    let
      plain = concatMap (def: map (value: def // { inherit value; }) (discharge def.value)) defs;
      unwrapped =
        kind: key: default: def:
        if has kind def.value then
          def
          // {
            value = def.value.content;
            ${key} = def.value.priority;
          }
        else
          def // { ${key} = default; };
      weighed = map (unwrapped "override" "weight" 100) plain;
      least = foldl' (low: def: if def.weight < low then def.weight else low) 9999 weighed;
      counting = map (unwrapped "order" "rank" 1000) (filter (def: def.weight == least) weighed);
    in
    # `sort` is stable: equal ranks stay in the order of the modules.
    sort (one: other: one.rank < other.rank) counting;

  # One option, or one member of a set or list: null if nobody defines it, else a set with the value.
  merge =
    loc: type: defs:
    let
      counting = strongest defs;
      wrong = filter (def: !(type.check def.value)) counting;
    in
    if counting == [ ] then
      null
    else if wrong != [ ] then
      throw "the option `${dotted loc}` is not of the type `${type.name}`:\n${places wrong}"
    else
      { value = type.merge loc counting; };

  # A tree of options with the definitions for it. `defined` has what is defined, `config` has everything and throws at
  # what is not. A definition for no option is an error, and it is found even if nobody asks for its value.
  tree =
    loc: options: freeform: defs:
    let
      sets = concatMap (def: map (value: def // { inherit value; }) (pushDown def.value)) defs;
      unfit = filter (def: !(isAttrs def.value)) sets;
      of = name: concatMap (def: if def.value ? ${name} then [ (def // { value = def.value.${name}; }) ] else [ ]) sets;
      named = unique (concatMap (def: attrNames def.value) sets);
      strangers = filter (name: !(options ? ${name})) named;

      member =
        name: option:
        let
          here = loc ++ [ name ];
          default = if option ? default then [ { file = "the default"; value = lib.mkOptionDefault option.default; } ] else [ ];
          merged = merge here option.type (of name ++ default);
          inner = tree here option null (of name);
        in
        if !(has "option" option) then
          {
            inherit (inner) config defined;
            present = inner.defined != { };
          }
        else if merged != null then
          {
            config = merged.value;
            defined = merged.value;
            present = true;
          }
        else
          rec {
            config = throw "the option `${dotted here}` is used and nobody defines it";
            defined = config;
            # Options of NixOS have defaults of their own that we do not know; ours have none, and must be given.
            present = !(option.foreign or false);
          };

      members = mapAttrs member options;
      free = listToAttrs (
        concatMap (
          name:
          let
            merged = merge (loc ++ [ name ]) freeform (of name);
          in
          if merged == null then [ ] else [ { inherit name; inherit (merged) value; } ]
        ) strangers
      );
      checked =
        result:
        if unfit != [ ] then
          throw "`${dotted loc}` is a set of options, not a value:\n${places unfit}"
        else if strangers != [ ] && freeform == null then
          throw "there is no option `${dotted (loc ++ [ (head strangers) ])}`:\n${places (of (head strangers))}"
        else
          result;
    in
    {
      config = checked (mapAttrs (_: it: it.config) members // free);
      defined = checked (mapAttrs (_: it: it.defined) (lib.filterAttrs (_: it: it.present) members) // free);
    };

  # A module in one shape, whether it is a file, a function or a set. `place` names it: a file by its path, so that it
  # counts once however often it is imported.
  shaped =
    arguments: place: module:
    let
      isFile = builtins.isPath module || builtins.isString module;
      key = if isFile then toString module else place;
      content = if isFile then import module else module;
      body = if isFunction content then content arguments else content;
      long = body ? config || body ? options;
      extra = attrNames (removeAttrs body [ "config" "options" "imports" ]);
    in
    {
      inherit key;
      file = key;
      imports = numbered key (body.imports or [ ]);
      inherit ({ options = { }; } // body) options;
      config =
        if !long then
          removeAttrs body [ "imports" ]
        else if extra != [ ] then
          throw "${key} has `config` or `options`, so `${head extra}` must move into one of them"
        else
          body.config or { };
    };

  numbered =
    place: modules:
    builtins.genList (number: {
      place = "${place}, module ${toString (number + 1)}";
      module = builtins.elemAt modules number;
    }) (builtins.length modules);

  # All modules, level by level, and then the other way round: what is imported is defined before what imports it, and
  # the last of several siblings first. A test compares this with what nixpkgs does.
  load =
    arguments: modules:
    let
      shape = map (one: shaped arguments one.place one.module);
      found = builtins.genericClosure {
        startSet = shape (numbered "the configuration" modules);
        operator = module: shape module.imports;
      };
    in
    foldl' (reversed: module: [ module ] ++ reversed) [ ] found;

  # Joins trees of options; an option that is declared twice is an error.
  join =
    loc: one: other:
    one
    // mapAttrs (
      name: option:
      if !(one ? ${name}) then
        option
      else if has "option" option || has "option" one.${name} then
        throw "the option `${dotted (loc ++ [ name ])}` is declared twice"
      else
        join (loc ++ [ name ]) one.${name} option
    ) other;
in
{
  inherit lib merge pushDown show places tree has;

  evaluate =
    { modules, options ? { }, arguments ? { } }:
    let
      given = {
        inherit (result) config;
        lib = lib // { types = import ./types.nix; };
      }
      // arguments;
      all = load given modules;
      declared = foldl' (join [ ]) options (map (module: module.options) all);
      result = tree [ ] declared null (map (module: { inherit (module) file; value = module.config; }) all);
    in
    result;
}
