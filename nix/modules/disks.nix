# What is mounted. The installer gives the file systems the labels that the facts name.
{ config, ... }:

let
  inherit (config.facts.machine) disks;
in
{
  fileSystems."/" = {
    device = disks.root;
    fsType = "ext4";
  };

  fileSystems."/boot" = {
    device = disks.esp;
    fsType = "vfat";
    # vfat knows no owners: without the mask everybody could read, and root's programs would run from it.
    options = [
      "umask=0077"
      "noexec"
    ];
  };

  # The kubelet refuses to start where there is swap.
  swapDevices = [ ];
}
