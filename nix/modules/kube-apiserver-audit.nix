# The audit log: who did what and when, kept for a month on the control plane. The first rule that fits decides.
_:

let
  hard = import ../lib;

  file = "kubernetes/audit-policy.json";

  policy = {
    apiVersion = "audit.k8s.io/v1";
    kind = "Policy";
    # A line when the answer is known is enough; the second one at the arrival of the request would say less.
    omitStages = [ "RequestReceived" ];
    rules = [
      # What the machinery asks all day and nobody ever looks for.
      {
        level = "None";
        nonResourceURLs = [ "/livez*" "/readyz*" "/healthz*" "/version" "/openapi*" ];
      }
      {
        level = "None";
        resources = [ { group = "coordination.k8s.io"; resources = [ "leases" ]; } ];
      }
      {
        level = "None";
        resources = [ { group = ""; resources = [ "events" ]; } ];
      }
      # Who touched a secret, never what was in it.
      {
        level = "Metadata";
        resources = [
          { group = ""; resources = [ "secrets" "configmaps" "serviceaccounts/token" ]; }
          { group = "authentication.k8s.io"; resources = [ "tokenreviews" ]; }
        ];
      }
      # Kubelets look at their own pods all day. What they read of secrets is written down above.
      {
        level = "None";
        userGroups = [ "system:nodes" ];
        verbs = [ "get" "list" "watch" ];
      }
      # A change of rights, word for word.
      {
        level = "RequestResponse";
        verbs = [ "create" "update" "patch" "delete" "deletecollection" ];
        resources = [ { group = "rbac.authorization.k8s.io"; } { group = "certificates.k8s.io"; } ];
      }
      # Commands in pods and tunnels into them.
      {
        level = "Request";
        resources = [ { group = ""; resources = [ "pods/exec" "pods/attach" "pods/portforward" ]; } ];
      }
      { level = "Metadata"; }
    ];
  };
in
{
  environment.etc.${file}.text = hard.json policy;

  systemd.services.kube-apiserver = {
    restartTriggers = [ (hard.json policy) ];
    serviceConfig = {
      LogsDirectory = "kubernetes";
      LogsDirectoryMode = "0700";
    };
  };
}
