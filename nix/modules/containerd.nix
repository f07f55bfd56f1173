# The container runtime, with a configuration of its own: the module that NixOS has for it points the runtime at plugin
# directories in the store, where a pod network cannot put anything.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (config.facts) images proxy;
  hard = import ../lib;

  file = "containerd/config.toml";

  # Plugins are sought in /opt/cni/bin and networks in /etc/cni/net.d by default, which is what we want.
  text = ''
    version = 3
    oom_score = -999

    [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "${images.pause}"

    [plugins."io.containerd.cri.v1.images".registry]
    config_path = "/etc/containerd/certs.d"

    [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"

    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"

    # The kubelet says the same: two managers of one tree of control groups undo each other's work.
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
    SystemdCgroup = true
  '';

  proxied = lib.optionalAttrs (proxy != null) (
    lib.filterAttrs (_: value: value != null) {
      HTTP_PROXY = proxy.http;
      HTTPS_PROXY = proxy.https;
      NO_PROXY = builtins.concatStringsSep "," proxy.no;
    }
  );
in
{
  environment = {
    etc.${file}.text = text;
    etc."crictl.yaml".text = ''
      runtime-endpoint: unix:///run/containerd/containerd.sock
    '';
    systemPackages = [
      pkgs.containerd
      pkgs.cri-tools
    ];
  };

  systemd.services.containerd = lib.mkMerge [
    hard.persistent
    {
      description = "containerd, the container runtime";
      documentation = [ "https://containerd.io" ];
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" "local-fs.target" "dbus.service" ];
      restartTriggers = [ text ];
      environment = proxied;
      # Plugins of the pod network are its children and find their tools here.
      path = [
        pkgs.containerd
        pkgs.runc
        pkgs.iptables
        pkgs.kmod
      ];
      serviceConfig = {
        ExecStart = hard.command "${pkgs.containerd}/bin/containerd" { config = "/etc/${file}"; };
        Type = "notify";
        # The containers' control groups are its own to arrange, and they outlive its restart.
        Delegate = true;
        KillMode = "process";
        OOMScoreAdjust = -999;
        # Containers inherit them. Without end would be slow: some programs walk all numbers up to the limit.
        LimitNOFILE = 1048576;
        LimitNPROC = "infinity";
        LimitCORE = "infinity";
        TasksMax = "infinity";
      };
    }
  ];
}
