# Where container images come from besides their registries: archives that came with the node, and mirrors.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (config.facts) images;

  load = archive: "${pkgs.containerd}/bin/ctr --namespace k8s.io images import ${archive}";

  # One directory for each registry, as containerd looks for them. What the mirror does not have is asked for at the
  # registry itself; no `server` is named for that, because where docker.io really is only containerd knows.
  mirror =
    { registry, endpoint }:
    {
      name = "containerd/certs.d/${registry}/hosts.toml";
      value.text = ''
        [host."${endpoint}"]
        capabilities = ["pull", "resolve"]
      '';
    };
in
{
  environment.etc = builtins.listToAttrs (map mirror images.mirrors);

  systemd.services.container-images = lib.mkIf (images.archives != [ ]) {
    description = "Load the container images that came with this node";
    wantedBy = [ "multi-user.target" ];
    wants = [ "containerd.service" ];
    after = [ "containerd.service" ];
    # A pod that is started before them would be told that its image cannot be found.
    before = [ "kubelet.service" ];
    startLimitIntervalSec = 0;
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
      ExecStart = map load images.archives;
      Restart = "on-failure";
      RestartSec = 5;
    };
  };
}
