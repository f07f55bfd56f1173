# The scheduler: for each pod that has no node yet it names one. It has a configuration file, because the flags that it
# once had for the same things are on their way out.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (config) facts;
  hard = import ../lib;
  user = "kube-scheduler";

  files = {
    ca = "ca.pem";
    frontProxyCa = "front-proxy-ca.pem";
    cert = "kube-scheduler.pem";
    key = "kube-scheduler-key.pem";
    kubeconfig = "kube-scheduler.kubeconfig";
  };
  at = builtins.mapAttrs (_: file: "${facts.pki.directory}/${file}") files;

  document = {
    apiVersion = "kubescheduler.config.k8s.io/v1";
    kind = "KubeSchedulerConfiguration";
    clientConnection.kubeconfig = at.kubeconfig;
    # Of several control planes one works, the others wait.
    leaderElection.leaderElect = true;
    enableProfiling = false;
  };

  file = "kubernetes/scheduler.json";
in
{
  credentials.needed = builtins.attrValues files;
  users = hard.account user;
  environment.etc.${file}.text = hard.json document;

  systemd.services.kube-scheduler = lib.mkMerge [
    hard.persistent
    {
      description = "Kubernetes scheduler";
      documentation = [ "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-scheduler" ];
      wantedBy = [ "multi-user.target" ];
      wants = [ "kube-apiserver.service" ];
      after = [ "kube-apiserver.service" ];
      restartTriggers = [ (hard.json document) ];
      serviceConfig = hard.sandbox // {
        ExecStart = hard.command "${pkgs.kubernetes}/bin/kube-scheduler" {
          config = "/etc/${file}";

          # Who may ask it: the API server decides that.
          authentication-kubeconfig = at.kubeconfig;
          authorization-kubeconfig = at.kubeconfig;
          client-ca-file = at.ca;
          requestheader-client-ca-file = at.frontProxyCa;

          # Health and metrics, for this machine alone, under the name localhost.
          bind-address = "127.0.0.1";
          secure-port = facts.ports.scheduler;
          tls-cert-file = at.cert;
          tls-private-key-file = at.key;
          tls-min-version = hard.tls.minVersion;
          tls-cipher-suites = hard.tls.cipherSuites;
        };
        Type = "exec";
        User = user;
        Group = user;
      };
    }
  ];
}
