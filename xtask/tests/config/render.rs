//! How reports and the derived cluster look, letter by letter.

use super::*;

use insta::assert_snapshot;
use xtask::config::Layout;
use xtask::ui::config::human;

#[test]
fn a_value_that_is_out_of_range() {
    assert_snapshot!(plain(&bad("# ports\nAPI_PORT=443 # https\n")), @r"
    error: `API_PORT` is not a port from 1024 to 65535
     --> cluster.env:2:10
      |
    2 | API_PORT=443 # https
      |          ^^^ too low
      |
      = note: ports below 1024 need root, and nothing here runs as root
      = help: write a whole number from 1024 to 65535

    1 error in the configuration `cluster.env`
    ");
}

#[test]
fn two_values_that_do_not_go_together() {
    assert_snapshot!(plain(&bad("CLUSTER_CIDR=172.16.9.0/24\nK8S_POD_CIDR=172.16.0.0/16\n")), @r"
    error: `CLUSTER_CIDR` (172.16.9.0/24) and `K8S_POD_CIDR` (172.16.0.0/16) overlap
     --> cluster.env:2:14
      |
    1 | CLUSTER_CIDR=172.16.9.0/24
      |              ------------- `CLUSTER_CIDR` (172.16.9.0/24)
    2 | K8S_POD_CIDR=172.16.0.0/16
      |              ^^^^^^^^^^^^^ `K8S_POD_CIDR` (172.16.0.0/16)
      |
      = note: an address in both would lead to two different places
      = help: move one of them to a range that is free

    1 error in the configuration `cluster.env`
    ");
}

#[test]
fn a_misspelt_key_and_a_command() {
    assert_snapshot!(plain(&bad("WORKER_NAME=one\nCLUSTER_NAME=$(hostname)\n")), @r"
    error: there is no key `WORKER_NAME`
     --> cluster.env:1:1
      |
    1 | WORKER_NAME=one
      | ^^^^^^^^^^^ unknown key
      |
      = help: did you mean `WORKER_NAMES`?

    error: a command in a value: nothing is expanded or executed here
     --> cluster.env:2:14
      |
    2 | CLUSTER_NAME=$(hostname)
      |              ^ a shell would execute this and take its output
      |
      = help: write the value itself, or put it in single quotes if the `$` is meant as it stands

    2 errors in the configuration `cluster.env`
    ");
}

#[test]
fn a_key_that_is_set_twice() {
    assert_snapshot!(plain(&bad("CNI=cilium\n\n\n\n\nCNI=bridge\n")), @r"
    error: `CNI` is set twice, in line 1 and in line 6
     --> cluster.env:6:1
      |
    1 | CNI=cilium
      | --- set here first
    ...
    6 | CNI=bridge
      | ^^^ set again here, and a shell would take this one
      |
      = help: delete one of the two lines

    1 error in the configuration `cluster.env`
    ");
}

#[test]
fn a_bad_value_in_the_environment() {
    let report = Space::new("CNI=cilium\n").with("WORKER_CPUS", "0").load().unwrap_err();
    assert_snapshot!(plain(&report), @r"
    error: `WORKER_CPUS` is not a number of CPUs from 1 to 64
    --> in the environment: WORKER_CPUS=0
     = note: too few
     = help: write a whole number from 1 to 64

    1 error in the configuration `cluster.env`
    ");
}

#[test]
fn a_file_that_is_not_there() {
    assert_snapshot!(plain(&Space::new("").load_file("prod.env").unwrap_err()), @r"
    error: there is no environment file `prod.env`
    --> prod.env
     = help: name another with `--env-file`, or get the one of the repository back with `git checkout cluster.env`

    1 error in the configuration `prod.env`
    ");
}

#[test]
fn colours_are_there_until_the_stream_takes_them_out() {
    assert!(bad("CNI=none\n").render().contains("\u{1b}["));
}

/// The derived cluster without its first line, which names a temporary file.
fn derived() -> String {
    let loaded = Space::new("CLUSTER_NAME=lab\nCONTROL_PLANE_NAMES=one\nWORKER_NAMES='two three'\nMEM_two=4G\n")
        .with("NET_MODE", "user")
        .load()
        .unwrap();
    let text = human(&loaded, &Layout::new("/repo", "lab"), &["kubernetes".into(), "10.32.0.1".into()], 90);
    let text = anstream::adapter::strip_str(&text).to_string();
    text.split_once('\n').unwrap().1.to_string()
}

/// Where the second half of it begins.
const HALF: &str = "Machines and what is installed";

#[test]
fn the_derived_network() {
    let text = derived();
    assert_snapshot!(text.split_once(HALF).unwrap().0, @r"

    Nodes
      NAME   ROLE           ADDRESS         CALLS ITSELF  MEMORY    CPUS  SSH   API   KUBELET
      one    control-plane  192.168.100.10  10.0.2.15     8192 MiB  2     2222  6443  -
      two    worker         192.168.100.20  10.0.2.15     4096 MiB  2     2223  -     10250
      three  worker         192.168.100.21  10.0.2.15     8192 MiB  2     2224  -     10251

    Network cards
      NAME   NIC0: USER MODE, THE WAY OUT  NIC1: THE CLUSTER'S OWN
      one    52:54:00:10:00:0a             -
      two    52:54:00:10:00:14             -
      three  52:54:00:10:00:15             -

    Networks
      mode         user
      pod network  cilium
      nodes        192.168.100.0/24  their own segment
      user mode    10.0.2.0/24  the way out
      services     10.32.0.0/24  virtual addresses
      pods         10.200.0.0/16  a /24 for each node
      cluster DNS  10.32.0.10  for cluster.local

    API server
      from this host    https://127.0.0.1:6443
      from a worker     https://10.0.2.2:6443
      from beside it    https://127.0.0.1:6443
      from a pod        https://10.32.0.1
      floating address  -
      certified as      kubernetes, 10.32.0.1

    Ports of this host (127.0.0.1)
      PORT   LEADS TO     SERVICE  MOVED BY
      2222   one:22       ssh      SSH_PORT_one
      6443   one:6443     api      API_PORT_one
      2223   two:22       ssh      SSH_PORT_two
      10250  two:10250    kubelet  KUBELET_PORT_two
      2224   three:22     ssh      SSH_PORT_three
      10251  three:10251  kubelet  KUBELET_PORT_three
    ");
}

#[test]
fn the_derived_machines_and_what_was_changed() {
    let text = derived();
    assert_snapshot!(&text[text.find(HALF).unwrap()..], @r"
    Machines and what is installed
      disk              20480 MiB, of which 512 MiB EFI
      installing takes  4096 MiB of memory
      NixOS             26.05
      installer image   the release's own
      Cilium            1.16.5 (cli 0.18.9)
      CoreDNS           1.14.3
      metrics-server    0.8.0
      pause image       registry.k8s.io/pause:3.10.1
      certificates      365 days, renewed when less than 30 are left
      authorities       3650 days
      artifacts         /repo/artifacts/lab

    Changed from the defaults
      CLUSTER_NAME         line 1       lab (default hardway)
      CONTROL_PLANE_NAMES  line 2       one (default alpha)
      WORKER_NAMES         line 3       two three (default sigma gamma)
      NET_MODE             environment  user (default l2)
      MEM_two              line 4       4G
    ");
}
