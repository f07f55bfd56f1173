# Cases for the harness. What is expected is what nixpkgs' own module system answers; each was tried there once.
let
  inherit (import ../../../nix/harness/modules.nix) evaluate;
  types = import ../../../nix/harness/types.nix;
  lib = import ../../../nix/harness/lib.nix;
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
  merged = type: modules: (evaluate { modules = [ (declare type) ] ++ modules; }).defined.it;
  values = type: list: merged type (map (it: { config = { inherit it; }; }) list);

  named = name: imports: { inherit imports; config.it = [ name ]; };

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

    "lists add up, the last module first" = case [ 2 3 1 ] (values (types.listOf types.int) [ [ 1 ] [ 2 3 ] ]);
    "before and after" =
      case [ 0 2 1 9 ]
        (values (types.listOf types.int) [ [ 1 ] (mkAfter [ 9 ]) [ 2 ] (mkBefore [ 0 ]) ]);
    "force drops what others add" = case [ 7 ] (values (types.listOf types.int) [ [ 1 ] (mkForce [ 7 ]) [ 2 ] ]);
    "lines are joined" = case "b\na" (values types.lines [ "a" "b" ]);
    "modules count from the last to the first, level by level" =
      case [ "b11" "b1" "a2" "a1" "b" "a" ]
        (merged (types.listOf types.str) [
          (named "a" [ (named "a1" [ ]) (named "a2" [ ]) ])
          (named "b" [ (named "b1" [ (named "b11" [ ]) ]) ])
        ]);
    "a file counts once, however often it is imported" =
      case [ "from a file" "x" ]
        (merged (types.listOf types.str) [
          (named "x" [ ./once.nix ])
          ./once.nix
        ]);

    "sets are merged by name" =
      case { a = 1; b = 2; }
        (values (types.attrsOf types.int) [ { a = 1; } { b = 2; } ]);
    "a default of a whole set gives way as a whole" =
      case { a = 2; }
        (values (types.attrsOf types.int) [ (mkDefault { a = 1; b = 3; }) { a = 2; } ]);
    "a default of a member gives way alone" =
      case { a = 2; b = 3; }
        (values (types.attrsOf types.int) [ { a = mkDefault 1; b = mkDefault 3; } { a = 2; } ]);
    "a default of a set of options gives way one by one" =
      case { a = 2; b = 3; }
        (evaluate {
          modules = [
            {
              options.it.a = mkOption { type = types.int; };
              options.it.b = mkOption { type = types.int; };
            }
            { it = mkDefault { a = 1; b = 3; }; }
            { it.a = 2; }
          ];
        }).defined.it;
    "a member under a condition that does not hold is not there" =
      case { a = 1; }
        (values (types.attrsOf types.int) [ { a = 1; b = mkIf false 2; } ]);

    "a condition that holds" = case 1 (values types.int [ (mkIf true 1) ]);
    "a condition that does not hold leaves nothing" =
      case { a = "x"; }
        (values (types.attrsOf types.str) [ { a = "x"; } (mkIf false { b = "y"; }) ]);
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
    "within a record the first module comes first" =
      case { list = [ 1 2 ]; }
        (values (types.submodule { options.list = mkOption { type = types.listOf types.int; }; }) [ { list = [ 1 ]; } { list = [ 2 ]; } ]);
    "a set of records" =
      case { x = { name = "ann"; age = 30; }; }
        (values (types.attrsOf person) [ { x.name = "ann"; } ]);
    "null is a value of its own" = case null (values (types.nullOr types.str) [ null ]);
    "null or something" = case "x" (values (types.nullOr types.str) [ "x" ]);

    "a directive of a unit" = case "no" (values types.directive [ "no" ]);
    "a directive that is a list adds up" = case [ "b" "a" ] (values types.directive [ [ "a" ] [ "b" ] ]);
    "one word joins a list" = case [ "b" "a" ] (values types.directive [ "a" [ "b" ] ]);
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
