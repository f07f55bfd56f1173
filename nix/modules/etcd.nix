# The database. Whoever can read it has every Secret of the cluster (encrypted or not), so it has an authority of its
# own: only the few certificates that `etcd-ca` signed open it.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (config) facts;
  inherit (facts) ports;
  inherit (facts.machine) name;
  hard = import ../lib;

  files = {
    ca = "etcd-ca.pem";
    cert = "etcd-server-${name}.pem";
    key = "etcd-server-${name}-key.pem";
    peerCert = "etcd-peer-${name}.pem";
    peerKey = "etcd-peer-${name}-key.pem";
    clientCert = "etcd-client.pem";
    clientKey = "etcd-client-key.pem";
  };
  at = builtins.mapAttrs (_: file: "${facts.pki.directory}/${file}") files;

  own = lib.findFirst (member: member.name == name) null facts.etcd.members;
  loopback = "https://127.0.0.1:${toString ports.etcdClient}";
  alone = builtins.length facts.etcd.members == 1;
in
{
  credentials.needed = builtins.attrValues files;
  users = hard.account "etcd";

  systemd.services.etcd = lib.mkMerge [
    hard.persistent
    {
      description = "etcd, the database of the cluster";
      documentation = [ "https://etcd.io/docs" ];
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      serviceConfig = hard.sandbox // {
        ExecStart = hard.command "${pkgs.etcd_3_6}/bin/etcd" {
          inherit name;
          data-dir = "/var/lib/etcd";

          # Clients: the API server on loopback; the address is for tools, and for members that ask who leads.
          listen-client-urls = [ own.client loopback ];
          advertise-client-urls = own.client;
          cert-file = at.cert;
          key-file = at.key;
          trusted-ca-file = at.ca;
          client-cert-auth = true;

          # Members.
          listen-peer-urls = own.peer;
          initial-advertise-peer-urls = own.peer;
          initial-cluster = map (member: "${member.name}=${member.peer}") facts.etcd.members;
          initial-cluster-state = "new";
          initial-cluster-token = facts.etcd.token;
          peer-cert-file = at.peerCert;
          peer-key-file = at.peerKey;
          peer-trusted-ca-file = at.ca;
          peer-client-cert-auth = true;

          tls-min-version = "TLS1.2";
          cipher-suites = hard.tls.cipherSuites;
          # The gateway would call etcd with the server's certificate, which is no client's: nothing uses it.
          enable-grpc-gateway = false;
          # Health and metrics without a certificate, for nobody but this machine.
          listen-metrics-urls = "http://127.0.0.1:${toString ports.etcdMetrics}";
        };
        # Tells systemd when it serves; with several members that is when more than half of them are there, however
        # long that takes.
        Type = "notify";
        TimeoutStartSec = "infinity";
        User = "etcd";
        Group = "etcd";
        StateDirectory = "etcd";
        StateDirectoryMode = "0700";
        LimitNOFILE = 65536;
      };
    }
  ];

  networking.firewall.interfaces.${facts.network.peers}.allowedTCPPorts = lib.optionals (!alone) [
    ports.etcdClient
    ports.etcdPeer
  ];

  # `etcdctl member list` in a shell of root asks the right one with the right certificate.
  environment.systemPackages = [ pkgs.etcd_3_6 ];
  environment.variables = {
    ETCDCTL_ENDPOINTS = loopback;
    ETCDCTL_CACERT = at.ca;
    ETCDCTL_CERT = at.clientCert;
    ETCDCTL_KEY = at.clientKey;
  };
}
