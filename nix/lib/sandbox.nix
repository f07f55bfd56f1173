# What a daemon of the control plane cannot do, whoever talks it into trying: it reads its own keys, writes its own
# state, and speaks over the network. `systemd-analyze security UNIT` grades it.
{
  # No more rights than its user has, ever.
  NoNewPrivileges = true;
  CapabilityBoundingSet = "";
  AmbientCapabilities = "";
  RestrictSUIDSGID = true;

  # The file system is there to be read; StateDirectory and LogsDirectory are the exceptions.
  ProtectSystem = "strict";
  ProtectHome = true;
  PrivateTmp = true;
  UMask = "0077";

  # No devices, no kernel, no clock, no other processes.
  PrivateDevices = true;
  ProtectClock = true;
  ProtectControlGroups = true;
  ProtectHostname = true;
  ProtectKernelLogs = true;
  ProtectKernelModules = true;
  ProtectKernelTunables = true;
  ProtectProc = "invisible";

  # Go asks the kernel for its network cards over netlink.
  RestrictAddressFamilies = [
    "AF_INET"
    "AF_INET6"
    "AF_NETLINK"
    "AF_UNIX"
  ];
  RestrictNamespaces = true;
  RestrictRealtime = true;
  LockPersonality = true;
  MemoryDenyWriteExecute = true;
  SystemCallArchitectures = "native";
  # An error instead of an end: a library that only probes for a call goes on without it.
  SystemCallErrorNumber = "EPERM";
  SystemCallFilter = [ "@system-service" ];
}
