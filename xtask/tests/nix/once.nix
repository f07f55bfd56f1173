# For cases.nix: a module that two others import.
{ it = [ "from a file" ]; }
