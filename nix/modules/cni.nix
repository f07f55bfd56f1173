# Directories of the pod network. They are real and writable, because Cilium puts its plugin and its configuration there
# by itself; so our plugins are links one by one and never take away what others put beside them.
{ pkgs, ... }:

let
  directory.d = {
    user = "root";
    group = "root";
    mode = "0755";
  };

  # Every pod has a loopback card; the others are what the bridge is made of.
  plugins = [
    "bridge"
    "host-local"
    "loopback"
    "portmap"
  ];

  link = plugin: {
    name = "/opt/cni/bin/${plugin}";
    value."L+".argument = "${pkgs.cni-plugins}/bin/${plugin}";
  };
in
{
  systemd.tmpfiles.settings."20-cni" = builtins.listToAttrs (map link plugins) // {
    "/opt/cni/bin" = directory;
    "/etc/cni/net.d" = directory;
  };
}
