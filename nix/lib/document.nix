# Documents that a person reads on the node. `builtins.toJSON` puts everything on one line; this is the same, indented.
# YAML readers accept it, so it serves for every configuration file of Kubernetes.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    genList
    isAttrs
    isList
    toJSON
    ;

  indent = depth: concatStringsSep "" (genList (_: "  ") depth);

  block =
    open: close: depth: items:
    if items == [ ] then
      "${open}${close}"
    else
      "${open}\n${
        concatStringsSep ",\n" (map (item: "${indent (depth + 1)}${item}") items)
      }\n${indent depth}${close}";

  render =
    depth: value:
    if isAttrs value then
      block "{" "}" depth (map (name: "${toJSON name}: ${render (depth + 1) value.${name}}") (attrNames value))
    else if isList value then
      block "[" "]" depth (map (render (depth + 1)) value)
    else
      toJSON value;
in
{
  json = value: "${render 0 value}\n";
}
