# The API server: the only program that talks to etcd, and the only one that everybody talks to.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (config) facts;
  inherit (facts.ports) nodePorts;
  hard = import ../lib;
  user = "kube-apiserver";

  files = {
    ca = "ca.pem";
    cert = "kubernetes.pem";
    key = "kubernetes-key.pem";
    kubeletCert = "apiserver-kubelet-client.pem";
    kubeletKey = "apiserver-kubelet-client-key.pem";
    etcdCa = "etcd-ca.pem";
    etcdCert = "apiserver-etcd-client.pem";
    etcdKey = "apiserver-etcd-client-key.pem";
    frontProxyCa = "front-proxy-ca.pem";
    frontProxyCert = "front-proxy-client.pem";
    frontProxyKey = "front-proxy-client-key.pem";
    tokens = "service-account.pem";
    tokensKey = "service-account-key.pem";
    encryption = "encryption-config.yaml";
  };
  at = builtins.mapAttrs (_: file: "${facts.pki.directory}/${file}") files;
in
{
  imports = [
    ./kube-apiserver-audit.nix
    ./kube-apiserver-authentication.nix
  ];

  credentials.needed = builtins.attrValues files;
  users = hard.account user;
  environment.systemPackages = [ pkgs.kubernetes ];
  networking.firewall.allowedTCPPorts = [ facts.ports.api ];

  systemd.services.kube-apiserver = lib.mkMerge [
    hard.persistent
    {
      description = "Kubernetes API server";
      documentation = [ "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver" ];
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" "etcd.service" ];
      after = [ "network-online.target" "etcd.service" ];
      serviceConfig = hard.sandbox // {
        ExecStart = hard.command "${pkgs.kubernetes}/bin/kube-apiserver" {
          # Where it is: on every card, because this host's forwarded port arrives on another than the workers do.
          bind-address = "0.0.0.0";
          secure-port = facts.ports.api;
          advertise-address = facts.api.advertise;
          tls-cert-file = at.cert;
          tls-private-key-file = at.key;
          tls-min-version = hard.tls.minVersion;
          tls-cipher-suites = hard.tls.cipherSuites;

          # Who may do what. A kubelet is held to its own node by Node and NodeRestriction together.
          client-ca-file = at.ca;
          authentication-config = "/etc/kubernetes/authentication.json";
          authorization-mode = [ "Node" "RBAC" ];
          enable-admission-plugins = [
            "NamespaceLifecycle"
            "NodeRestriction"
            "LimitRanger"
            "ServiceAccount"
            "DefaultStorageClass"
            "ResourceQuota"
            # Whoever may make a service could draw other people's traffic to itself with `externalIPs`.
            "DenyServiceExternalIPs"
          ];
          # Pods of the pod network and of storage need it; Pod Security says for each namespace who may.
          allow-privileged = true;

          # Tokens of service accounts. They end when they say so, and with their account.
          service-account-issuer = "https://kubernetes.default.svc.${facts.services.domain}";
          service-account-key-file = at.tokens;
          service-account-signing-key-file = at.tokensKey;
          service-account-lookup = true;
          service-account-extend-token-expiration = false;

          # The database, and the key under which Secrets lie in it.
          etcd-servers = "https://127.0.0.1:${toString facts.ports.etcdClient}";
          etcd-cafile = at.etcdCa;
          etcd-certfile = at.etcdCert;
          etcd-keyfile = at.etcdKey;
          encryption-provider-config = at.encryption;

          # Kubelets, for logs and for commands in pods.
          kubelet-certificate-authority = at.ca;
          kubelet-client-certificate = at.kubeletCert;
          kubelet-client-key = at.kubeletKey;
          kubelet-preferred-address-types = facts.api.kubeletAddressTypes;

          # Extension API servers such as metrics-server: they believe the user that the front proxy names.
          proxy-client-cert-file = at.frontProxyCert;
          proxy-client-key-file = at.frontProxyKey;
          requestheader-client-ca-file = at.frontProxyCa;
          requestheader-allowed-names = "front-proxy-client";
          requestheader-username-headers = "X-Remote-User";
          requestheader-group-headers = "X-Remote-Group";
          requestheader-extra-headers-prefix = "X-Remote-Extra-";
          # Straight to the pod behind a service: nothing translates service addresses on a control plane.
          enable-aggregator-routing = true;

          # Who did what: kube-apiserver-audit.nix has the rules. Ten files of 100 MB, none older than a month.
          audit-policy-file = "/etc/kubernetes/audit-policy.json";
          audit-log-path = "/var/log/kubernetes/audit.log";
          audit-log-maxage = 30;
          audit-log-maxbackup = 10;
          audit-log-maxsize = 100;

          service-cluster-ip-range = facts.services.range;
          service-node-port-range = "${toString (builtins.head nodePorts)}-${toString (lib.last nodePorts)}";
          profiling = false;
        };
        # Ready when it serves, so that what comes after it finds it.
        Type = "notify";
        TimeoutStartSec = 300;
        User = user;
        Group = user;
        LimitNOFILE = 65536;
      };
    }
  ];
}
