# Requests without a certificate or a token: refused, but for the three questions that a load balancer, a probe and a
# worker that waits for the API ask before they can be anybody.
_:

let
  hard = import ../lib;

  file = "kubernetes/authentication.json";

  document = {
    apiVersion = "apiserver.config.k8s.io/v1";
    kind = "AuthenticationConfiguration";
    anonymous = {
      enabled = true;
      conditions = map (path: { inherit path; }) [
        "/livez"
        "/readyz"
        "/healthz"
      ];
    };
  };
in
{
  environment.etc.${file}.text = hard.json document;

  systemd.services.kube-apiserver.restartTriggers = [ (hard.json document) ];
}
