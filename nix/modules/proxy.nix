# Behind a corporate proxy: where it is, what is reached without it, and whose certificates it shows when it looks into
# TLS. Units have an environment of their own: containerd.nix says the same again.
{ config, lib, ... }:

let
  inherit (config.facts) authorities proxy;
in
{
  networking.proxy = lib.mkIf (proxy != null) {
    httpProxy = proxy.http;
    httpsProxy = proxy.https;
    noProxy = builtins.concatStringsSep "," proxy.no;
  };

  security.pki.certificates = authorities;

  # A file instead of a link into the store: containers that mount it from the host would find the link dangling.
  environment.etc."ssl/certs/ca-certificates.crt".mode = "0444";
}
