# The facts as options: the typed mirror of xtask/src/facts/types.rs. A key that is not here, or whose value is of
# another type, ends the evaluation; so does a key that is missing. What each of them is for is said over there.
{ lib, ... }:

let
  inherit (lib) mkOption types;
  inherit (types)
    attrsOf
    bool
    enum
    ints
    listOf
    nullOr
    port
    str
    submodule
    ;

  # Every field is a type, and a set of fields is a record.
  field = type: mkOption { inherit type; };
  record = fields: submodule { options = builtins.mapAttrs (_: field) fields; };
in
{
  options.facts = field (record {
    cluster = str;
    release = str;

    machine = record {
      name = str;
      role = enum [ "control-plane" "worker" ];
      platform = enum [ "x86_64-linux" "aarch64-linux" ];
      console = str;
      disks = record {
        root = str;
        esp = str;
      };
    };

    network = record {
      interfaces = listOf (record {
        name = str;
        mac = str;
        address = nullOr str;
        required = bool;
      });
      uplink = str;
      peers = str;
      address = str;
      hosts = attrsOf (listOf str);
      routes = listOf (record {
        destination = str;
        gateway = str;
      });
    };

    services = record {
      range = str;
      dns = str;
      domain = str;
    };

    pods = record {
      cni = enum [ "cilium" "bridge" ];
      range = str;
      nodePrefix = ints.between 0 32;
      own = nullOr str;
    };

    api = record {
      url = str;
      advertise = nullOr str;
      kubeletAddressTypes = listOf (enum [ "InternalIP" "Hostname" ]);
    };

    etcd = record {
      token = str;
      members = listOf (record {
        name = str;
        client = str;
        peer = str;
      });
    };

    ports = record {
      api = port;
      etcdClient = port;
      etcdPeer = port;
      etcdMetrics = port;
      controllerManager = port;
      scheduler = port;
      kubelet = nullOr port;
      kubeletHealth = port;
      proxyMetrics = port;
      proxyHealth = port;
      ciliumTunnel = port;
      ciliumHealth = port;
      ciliumHubble = port;
      nodePorts = listOf port;
    };

    pki = record {
      directory = str;
      files = listOf (record {
        name = str;
        owner = str;
        group = str;
        mode = str;
      });
    };

    ssh = record {
      authorizedKeys = listOf str;
      hostKeys = listOf (record {
        type = str;
        path = str;
      });
    };

    proxy = nullOr (record {
      http = nullOr str;
      https = nullOr str;
      no = listOf str;
    });

    authorities = listOf str;

    images = nullOr (record {
      pause = str;
      archives = listOf str;
      mirrors = listOf (record {
        registry = str;
        endpoint = str;
      });
    });
  });
}
