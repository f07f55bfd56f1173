# The controllers: loops that compare what is wanted with what is there, and act on the difference through the API.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (config) facts;
  hard = import ../lib;
  user = "kube-controller-manager";

  files = {
    ca = "ca.pem";
    caKey = "ca-key.pem";
    frontProxyCa = "front-proxy-ca.pem";
    cert = "kube-controller-manager.pem";
    key = "kube-controller-manager-key.pem";
    kubeconfig = "kube-controller-manager.kubeconfig";
    tokensKey = "service-account-key.pem";
  };
  at = builtins.mapAttrs (_: file: "${facts.pki.directory}/${file}") files;
in
{
  credentials.needed = builtins.attrValues files;
  users = hard.account user;

  systemd.services.kube-controller-manager = lib.mkMerge [
    hard.persistent
    {
      description = "Kubernetes controller-manager";
      documentation = [ "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager" ];
      wantedBy = [ "multi-user.target" ];
      wants = [ "kube-apiserver.service" ];
      after = [ "kube-apiserver.service" ];
      serviceConfig = hard.sandbox // {
        ExecStart = hard.command "${pkgs.kubernetes}/bin/kube-controller-manager" {
          # Who it is, and who may ask it: the API server decides that too.
          inherit (at) kubeconfig;
          authentication-kubeconfig = at.kubeconfig;
          authorization-kubeconfig = at.kubeconfig;
          client-ca-file = at.ca;
          requestheader-client-ca-file = at.frontProxyCa;

          # Health and metrics, for this machine alone, under the name localhost.
          bind-address = "127.0.0.1";
          secure-port = facts.ports.controllerManager;
          tls-cert-file = at.cert;
          tls-private-key-file = at.key;
          tls-min-version = hard.tls.minVersion;
          tls-cipher-suites = hard.tls.cipherSuites;

          # Of several control planes one works, the others wait.
          leader-elect = true;
          # Every controller under an account of its own, with the rights of its own work.
          use-service-account-credentials = true;

          # It signs what the cluster asks for and somebody approved: the one place that holds the authority's key.
          cluster-name = facts.cluster;
          cluster-signing-cert-file = at.ca;
          cluster-signing-key-file = at.caKey;
          root-ca-file = at.ca;
          service-account-private-key-file = at.tokensKey;

          # Parts of the pod range are handed out here, unless they are fixed beforehand.
          allocate-node-cidrs = facts.pods.cni != "bridge";
          cluster-cidr = facts.pods.range;
          node-cidr-mask-size = facts.pods.nodePrefix;
          service-cluster-ip-range = facts.services.range;

          # Dead pods are kept to be looked at, but not without end.
          terminated-pod-gc-threshold = 1000;
          profiling = false;
        };
        Type = "exec";
        User = user;
        Group = user;
      };
    }
  ];
}
