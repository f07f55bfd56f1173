# The options of NixOS that our modules set, from an extract of the manual's list: path and type in the words of the
# manual. An option that is not in the extract does not exist for the harness, so whoever sets a new one looks it up in
# the manual first.
let
  types = import ./types.nix;

  inherit (builtins)
    attrNames
    filter
    foldl'
    head
    isString
    mapAttrs
    match
    substring
    stringLength
    ;

  # A record of NixOS: its fields have defaults that we do not know.
  foreign = type: {
    _type = "option";
    foreign = true;
    inherit type;
  };

  # The tree of paths: { type = "..."; kids = { ... }; }. Names with dots do not occur, but for the wildcards `<name>`, `*`.
  insert =
    node: parts: type:
    if parts == [ ] then
      node // { inherit type; }
    else
      node
      // {
        kids = (node.kids or { }) // {
          ${head parts} = insert (node.kids.${head parts} or { }) (builtins.tail parts) type;
        };
      };

  split = path: filter isString (builtins.split "\\." path);

  isWildcard = name: name == "*" || match "<.*>" name != null;
  wildcard =
    kids:
    let
      names = filter isWildcard (attrNames kids);
    in
    if names == [ ] then { } else kids.${head names}.kids or { };

  options = kids: mapAttrs (_: option) (removeAttrs kids (filter isWildcard (attrNames kids)));
  option = node: if node ? type then foreign (parse (node.kids or { }) node.type) else options (node.kids or { });

  after =
    prefix: text:
    if substring 0 (stringLength prefix) text == prefix then
      substring (stringLength prefix) (stringLength text) text
    else
      null;

  # The words of the manual for a type. Words that have no line here stop the evaluation.
  words = {
    "boolean" = types.bool;
    "signed integer" = types.int;
    "string" = types.str;
    "string without spaces" = types.matching "[^ ]*";
    "absolute path" = types.path;
    "package" = types.package;
    "raw value" = types.anything;
    "unspecified value" = types.anything;
    "systemd option" = types.directive;
    "strings concatenated with “\\n”" = types.lines;
    "(optionally newline-terminated) single-line string" = types.matching "[^\n]*\n?";
    "string (with check: non-empty)" = types.matching ".+";
    "16 bit unsigned integer; between 0 and 65535 (both inclusive)" = types.port;
    "sysctl option value" = types.either types.str (types.either types.bool types.int);
    "string or (attribute set)" = types.either types.str (types.attrsOf types.anything);
    "attribute set" = types.attrsOf types.anything;
    "boolean or one of “strict”, “loose”" = types.either types.bool (types.enum [ "strict" "loose" ]);
    "(attribute set of boolean) or (list of string) convertible to it" = types.names;
    "string or absolute path or package" = types.either types.str types.package;
    "(null or (list of (signed integer or string or absolute path)) or signed integer or string or absolute path)" =
      types.either types.str types.int;
    "atom (null, bool, int, float or string)" = types.nullOr (types.either types.str (types.either types.bool types.int));
    "package or string" = types.either types.package types.str;
  };

  oneOf = text: types.enum (filter isString (builtins.split "”(, )?“?" text));

  parse =
    kids: text:
    let
      inner = match "\\(([^()]*|[^()]*\\([^()]*\\)[^()]*)\\)" text;
      prefixed = prefix: make: let rest = after prefix text; in if rest == null then null else make rest;
      rules = [
        (words.${text} or null)
        (if inner == null then null else parse kids (head inner))
        (prefixed "null or " (rest: types.nullOr (parse kids rest)))
        (prefixed "non-empty " (parse kids))
        (prefixed "list of " (rest: types.listOf (parse (wildcard kids) rest)))
        (prefixed "attribute set of " (rest: types.attrsOf (parse (wildcard kids) rest)))
        (prefixed "open submodule of attribute set of " (
          rest:
          types.submodule {
            options = options kids;
            freeform = parse { } rest;
          }
        ))
        (prefixed "submodule" (_: types.submodule { options = options kids; }))
        (prefixed "one of “" oneOf)
        (prefixed "strings concatenated with" (_: types.lines))
        (prefixed "string matching the pattern " (_: types.str))
        (prefixed "string, with spaces inside double quotes" (_: types.str))
      ];
      found = filter (rule: rule != null) rules;
    in
    if found == [ ] then throw "nixos.nix has no type for the manual's words `${text}`" else head found;

  extract = builtins.fromJSON (builtins.readFile ./nixos-options.json);
  root = foldl' (node: path: insert node (split path) extract.${path}) { } (attrNames extract);
in
options root.kids
// {
  # Internal to NixOS, so the manual does not list it.
  assertions = {
    _type = "option";
    default = [ ];
    type = types.listOf (
      types.submodule {
        options = {
          assertion = {
            _type = "option";
            type = types.bool;
          };
          message = {
            _type = "option";
            type = types.str;
          };
        };
      }
    );
  };
}
