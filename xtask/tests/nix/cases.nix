# Cases for the harness. What is expected is what nixpkgs' own module system answers; each was tried there once.
let
  inherit (import ./harness/modules.nix) evaluate;
  types = import ./harness/types.nix;
  lib = import ./harness/lib.nix;
  inherit (lib)
    mkAfter
    mkBefore
    mkDefault
    mkForce
    mkIf
    mkMerge
    mkOption
    ;

  # One option `it` of a type, and modules that define it.
  declare = type: { options.it = mkOption { inherit type; }; };
  merged = type: modules: (evaluate { modules = [ (declare type) ] ++ modules; }).defined.it or "undefined";
  values = type: list: merged type (map (it: { config = { inherit it; }; }) list);

  case = expected: is: { inherit expected is; };
  refusal = says: is: { inherit is says; };

  person = types.submodule {
    options = {
      name = mkOption { type = types.str; };
      age = mkOption {
        type = types.int;
        default = 30;
      };
    };
  };
in
{
  answers = {
    "a plain value" = case 3 (values types.int [ 3 ]);
    "twice the same is once" = case "x" (values types.str [ "x" "x" ]);
    "a default gives way" = case 1 (values types.int [ (mkDefault 2) 1 ]);
    "force wins" = case 9 (values types.int [ 1 (mkForce 9) ]);
    "an option's own default is the weakest" =
      case 5
        (evaluate {
          modules = [
            { options.it = mkOption { type = types.int; default = 4; }; }
            { it = mkDefault 5; }
          ];
        }).config.it;
    "a default of the option counts as defined" =
      case { it = 4; } (evaluate { modules = [ { options.it = mkOption { type = types.int; default = 4; }; } ]; }).defined;

    "lists add up in the order of the modules" = case [ 1 2 3 ] (values (types.listOf types.int) [ [ 1 ] [ 2 3 ] ]);
    "before and after" =
      case [ 0 1 2 9 ]
        (values (types.listOf types.int) [ [ 1 ] (mkAfter [ 9 ]) [ 2 ] (mkBefore [ 0 ]) ]);
    "force drops what others add" = case [ 7 ] (values (types.listOf types.int) [ [ 1 ] (mkForce [ 7 ]) [ 2 ] ]);
    "lines are joined" = case "a\nb" (values types.lines [ "a" "b" ]);
    "an import is defined before what imports it" =
      case [ "imported" "own" ]
        (merged (types.listOf types.str) [ { imports = [ { it = [ "imported" ]; } ]; config.it = [ "own" ]; } ]);

    "sets are merged by name" =
      case { a = 1; b = 2; }
        (values (types.attrsOf types.int) [ { a = 1; } { b = 2; } ]);
    "priorities reach into sets" =
      case { a = 2; b = 3; }
        (values (types.attrsOf types.int) [ (mkDefault { a = 1; b = 3; }) { a = 2; } ]);
    "a member under a condition that does not hold is not there" =
      case { a = 1; }
        (values (types.attrsOf types.int) [ { a = 1; b = mkIf false 2; } ]);

    "a condition that holds" = case 1 (values types.int [ (mkIf true 1) ]);
    "a condition that does not hold leaves nothing" = case "undefined" (values types.str [ (mkIf false "x") ]);
    "a condition around a set may ask for another option" =
      case [ true "on" ]
        (
          let
            result = evaluate {
              modules = [
                (declare types.bool)
                { options.word = mkOption { type = types.str; }; }
                { it = true; }
                ({ config, ... }: { config = mkIf config.it { word = "on"; }; })
              ];
            };
          in
          [ result.config.it result.config.word ]
        );
    "merge is several definitions" = case [ 1 2 ] (values (types.listOf types.int) [ (mkMerge [ [ 1 ] (mkIf true [ 2 ]) (mkIf false [ 3 ]) ]) ]);

    "a record has its fields and its defaults" = case { name = "ann"; age = 30; } (values person [ { name = "ann"; } ]);
    "records are merged field by field" = case { name = "ann"; age = 4; } (values person [ { name = "ann"; } { age = 4; } ]);
    "a set of records" =
      case { x = { name = "ann"; age = 30; }; }
        (values (types.attrsOf person) [ { x.name = "ann"; } ]);
    "null is a value of its own" = case null (values (types.nullOr types.str) [ null ]);
    "null or something" = case "x" (values (types.nullOr types.str) [ "x" ]);

    "a directive of a unit" = case "no" (values types.directive [ "no" ]);
    "a directive that is a list adds up" = case [ "a" "b" ] (values types.directive [ [ "a" ] [ "b" ] ]);
    "one word joins a list" = case [ "a" "b" ] (values types.directive [ "a" [ "b" ] ]);
  };

  refusals = {
    "two values" = refusal [ "`it` has definitions that contradict each other" "1" "2" ] (values types.int [ 1 2 ]);
    "null and something" = refusal [ "contradict each other" ] (values (types.nullOr types.str) [ null "x" ]);
    "another type" = refusal [ "`it` is not of the type `integer`" ] (values types.int [ "1" ]);
    "an item of another type" = refusal [ "`it.*` is not of the type `integer`" ] (values (types.listOf types.int) [ [ 1 "2" ] ]);
    "a name that no option has" =
      refusal [ "there is no option `itt`" ]
        (evaluate { modules = [ (declare types.int) { it = 1; itt = 2; } ]; }).defined;
    "a field that no record has" = refusal [ "there is no option `it.nmae`" ] (values person [ { name = "ann"; nmae = "x"; } ]);
    "a field that nobody fills" = refusal [ "`it.name` is used and nobody defines it" ] (values person [ { age = 1; } ]);
    "an option declared twice" =
      refusal [ "`it` is declared twice" ]
        (evaluate { modules = [ (declare types.int) (declare types.int) ]; }).defined;
    "a value where a set of options is" =
      refusal [ "`a` is a set of options, not a value" ]
        (evaluate { modules = [ { options.a.b = mkOption { type = types.int; }; } { a = 3; } ]; }).defined;
    "a key beside config" =
      refusal [ "must move into one of them" ]
        (evaluate { modules = [ (declare types.int) { config.it = 1; other = 2; } ]; }).defined;
  };
}
