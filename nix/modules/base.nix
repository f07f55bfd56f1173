# What every node has, whatever runs on it.
{ config, ... }:

let
  inherit (config) facts;
in
{
  imports = [
    ./facts/options.nix
    ./facts/assertions.nix
    ./boot.nix
    ./disks.nix
    ./network.nix
    ./pki.nix
    ./proxy.nix
    ./ssh.nix
  ];

  nixpkgs.hostPlatform = facts.machine.platform;

  # The release that was installed first, not the one that runs: it keeps the layout of state on the disk.
  system.stateVersion = facts.release;

  time.timeZone = "UTC";

  # Otherwise the manual of NixOS is built inside the machine while it is installed.
  documentation.enable = false;

  # Sets the clock when a machine wakes up from a snapshot; certificates are only good at the right time.
  services.qemuGuest.enable = true;
}
