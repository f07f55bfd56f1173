# Cards, addresses, names and the firewall. The network modes differ in the facts alone.
{ config, ... }:

let
  inherit (config) facts;
  inherit (facts) network;

  # Cards are known by their address from the factory: slots differ between machines, probe order between boots. What
  # is made later (bridges, pairs for pods, tunnels) has no such address, so nothing here ever matches it.
  named = make: interface: {
    name = "10-${interface.name}";
    value = make interface // {
      matchConfig.PermanentMACAddress = interface.mac;
    };
  };

  link = interface: { linkConfig.Name = interface.name; };

  card = interface: {
    address = if interface.address == null then [ ] else [ interface.address ];
    routes =
      if interface.name == network.peers then
        map (route: {
          Destination = route.destination;
          Gateway = route.gateway;
        }) network.routes
      else
        [ ];
    networkConfig = {
      DHCP = if interface.address == null then "ipv4" else "no";
      # The cluster speaks IPv4, and names come from the hosts file and DNS.
      LinkLocalAddressing = "no";
      IPv6AcceptRA = false;
      LLMNR = false;
      MulticastDNS = false;
    };
    linkConfig.RequiredForOnline = interface.required;
  };

  perCard = make: builtins.listToAttrs (map (named make) network.interfaces);
in
{
  networking = {
    hostName = facts.machine.name;
    inherit (network) hosts;

    # networkd, because it leaves alone what it was not told about. The DHCP client of scripted networking takes every
    # card it sees, those of pods included.
    useNetworkd = true;
    useDHCP = false;

    firewall = {
      # What is open is said where the listener is configured.
      enable = true;
      # Answers to pods may come back on another card than a route back to their sender names; the check drops them.
      checkReversePath = false;
      logRefusedConnections = false;
    };
  };

  services.resolved.enable = true;

  systemd.network = {
    links = perCard link;
    networks = perCard card;
    # Routes and rules that the pod network makes are not networkd's to remove when it restarts.
    config.networkConfig = {
      ManageForeignRoutes = false;
      ManageForeignRoutingPolicyRules = false;
    };
  };
}
