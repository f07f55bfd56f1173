# The kubelet's configuration as a value; kubelet.nix writes it down. `at` holds the paths of its credentials.
{
  at,
  facts,
  hard,
}:

{
  apiVersion = "kubelet.config.k8s.io/v1beta1";
  kind = "KubeletConfiguration";

  # Who may call it: only whom the API server knows, and only for what the API server allows.
  authentication = {
    anonymous.enabled = false;
    webhook = {
      enabled = true;
      cacheTTL = "10s";
    };
    x509.clientCAFile = at.ca;
  };
  authorization.mode = "Webhook";
  readOnlyPort = 0;

  address = "0.0.0.0";
  port = facts.ports.kubelet;
  healthzBindAddress = "127.0.0.1";
  healthzPort = facts.ports.kubeletHealth;
  tlsCertFile = at.cert;
  tlsPrivateKeyFile = at.key;
  tlsMinVersion = hard.tls.minVersion;
  tlsCipherSuites = hard.tls.cipherSuites;
  # The host that made the certificate renews it; a second one that only the node knows would outlive it unseen.
  rotateCertificates = false;

  containerRuntimeEndpoint = "unix:///run/containerd/containerd.sock";
  cgroupDriver = "systemd";
  failSwapOn = true;

  # What pods are told of names. The resolver's own list, not its stub on loopback, which no pod can reach.
  clusterDNS = [ facts.services.dns ];
  clusterDomain = facts.services.domain;
  resolvConf = "/run/systemd/resolve/resolv.conf";

  # One pod takes neither every process number nor any system call; the machine's knobs are kernel.nix's.
  podPidsLimit = 4096;
  seccompDefault = true;
  protectKernelDefaults = true;
  makeIPTablesUtilChains = true;
  # The default lies below /usr, which NixOS keeps empty.
  volumePluginDir = "/var/lib/kubelet/volume-plugins";

  # At a shutdown ordinary pods have 40 seconds and critical ones the last 20.
  shutdownGracePeriod = "60s";
  shutdownGracePeriodCriticalPods = "20s";
}
