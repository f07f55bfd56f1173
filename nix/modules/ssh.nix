# The way in: root, by key, at a machine that proves who it is.
{ config, ... }:

let
  inherit (config.facts) ssh;
in
{
  services.openssh = {
    enable = true;
    settings = {
      PermitRootLogin = "prohibit-password";
      PasswordAuthentication = false;
      KbdInteractiveAuthentication = false;
    };
    # One key, made on the host and laid here before the first start: `known_hosts` is exact from the beginning.
    inherit (ssh) hostKeys;
  };

  # Accounts are what is written here: a password set by hand is gone at the next start.
  users.mutableUsers = false;
  users.users.root.openssh.authorizedKeys.keys = ssh.authorizedKeys;
}
