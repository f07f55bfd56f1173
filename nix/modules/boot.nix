# From the firmware to a login prompt on the serial port.
{ config, ... }:

{
  boot = {
    loader = {
      timeout = 2;
      efi.canTouchEfiVariables = false;
      grub = {
        efiSupport = true;
        # EFI/BOOT/BOOTX64.EFI or BOOTAA64.EFI: firmware finds it on any disk, with empty EFI variables too.
        efiInstallAsRemovable = true;
        # GRUB wants a name; this one says that no disk gets a BIOS boot sector.
        device = "nodev";
        # Text, not graphics: then the firmware repeats the menu on the serial port.
        font = null;
        splashImage = null;
        # Each of them brings its kernel along onto the EFI partition, which is small.
        configurationLimit = 5;
      };
    };

    # The last console named becomes /dev/console, and systemd puts a login prompt on it.
    kernelParams = [ "console=${config.facts.machine.console},115200" ];

    # NixOS has none of these in its first stage by itself, and without them the root disk of a virtual machine is not
    # found. A machine of metal does not mind them.
    initrd.availableKernelModules = [
      "virtio_blk"
      "virtio_mmio"
      "virtio_net"
      "virtio_pci"
      "virtio_scsi"
    ];

    # Randomness from the host: a fresh guest has little of its own, and TLS needs much.
    initrd.kernelModules = [ "virtio_rng" ];
  };
}
