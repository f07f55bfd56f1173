# What the modules share: command lines, documents, and the manners of a daemon. Functions of plain Nix values.
let
  document = import ./document.nix;

  # systemd reads % and $ in a command line as its own; doubled they are plain characters again.
  literal = builtins.replaceStrings [ "%" "$" ] [ "%%" "$$" ];

  text =
    value:
    if builtins.isBool value then
      (if value then "true" else "false")
    else if builtins.isList value then
      builtins.concatStringsSep "," (map text value)
    else
      toString value;

  # A value with a blank or a quote in it would become two arguments, or none.
  argument =
    name: value:
    if builtins.match ".*[[:space:]\"'\\].*" value == null then
      "--${name}=${literal value}"
    else
      throw "the value of --${name} holds a blank, a quote or a backslash: ${value}";
in
{
  inherit (document) json;

  # A program and its flags as one ExecStart, a flag a line, so that `systemctl cat` reads like a manual. A flag whose
  # value is null is left out.
  command =
    program: flags:
    let
      given = builtins.filter (name: flags.${name} != null) (builtins.attrNames flags);
    in
    builtins.concatStringsSep " \\\n  " ([ program ] ++ map (name: argument name (text flags.${name})) given);

  # A system user with a group of its own, for a daemon that needs neither a shell nor a home.
  account = name: {
    users.${name} = {
      isSystemUser = true;
      group = name;
    };
    groups.${name} = { };
  };

  # Peers may be slow, late or gone for a while. A daemon that waits for one is started again until it finds it: units
  # want each other and come after each other, but none requires another, and none gives up.
  persistent = {
    startLimitIntervalSec = 0;
    serviceConfig = {
      Restart = "always";
      RestartSec = 5;
    };
  };

  # Only what is not broken today: the suites that give forward secrecy to the ECDSA certificates of this cluster. The
  # suites of TLS 1.3 are not up for choice.
  tls = {
    minVersion = "VersionTLS12";
    cipherSuites = [
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
      "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
      "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
    ];
  };

  sandbox = import ./sandbox.nix;
}
