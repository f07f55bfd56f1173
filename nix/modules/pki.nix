# Who may read which credential. The files are laid in their directory before the first start; here they get their
# owners at every start, before any daemon runs. They are named by strings: a Nix path would copy a key into the store,
# which everybody can read.
{ config, ... }:

let
  inherit (config.facts) pki;

  # `z` adjusts what is there and makes nothing.
  rule = file: {
    name = "${pki.directory}/${file.name}";
    value.z = {
      inherit (file) group mode;
      user = file.owner;
    };
  };
in
{
  systemd.tmpfiles.settings."10-credentials" = builtins.listToAttrs (map rule pki.files) // {
    ${pki.directory}.d = {
      user = "root";
      group = "root";
      mode = "0755";
    };
  };
}
