//! Bad inputs: each gives exactly the mistakes it should, at the place where it stands, with something to do about it.

use super::*;

use xtask::config::Severity;

/// What the file holds, a part of the message (or of what stands beside the caret), and line:column.
type Case = (&'static str, &'static str, &'static str);

const SYNTAX: &[Case] = &[
    ("CLUSTER_NAME=a b\n", "a value with a blank in it is not in quotes", "1:16"),
    ("WORKER_NAMES=one two three\n", "put the value in quotes: `\"one two three\"`", "1:18"),
    ("\n# c\n  CLUSTER_NAME='a\n", "a quote is never closed", "3:16"),
    ("CLUSTER_NAME=\"a\n", "a quote is never closed", "1:14"),
    ("CLUSTER_NAME=a'b\n", "a quote is never closed", "1:15"),
    ("CLUSTER_NAME=$(reboot)\n", "a command in a value", "1:14"),
    ("CLUSTER_NAME=`reboot`\n", "a command in a value", "1:14"),
    ("CLUSTER_NAME=\"x`reboot`\"\n", "a command in a value", "1:16"),
    ("CLUSTER_NAME=${HOME}\n", "a variable in a value", "1:14"),
    ("CLUSTER_NAME=a$B\n", "a variable in a value", "1:15"),
    ("CLUSTER_NAME=a;reboot\n", "a `;` in a value", "1:15"),
    ("CLUSTER_NAME=a&&reboot\n", "a `&` in a value", "1:15"),
    ("CLUSTER_NAME=a|b\n", "a `|` in a value", "1:15"),
    ("CLUSTER_NAME=a>b\n", "a `>` in a value", "1:15"),
    ("CLUSTER_NAME=(a)\n", "a `(` in a value", "1:14"),
    ("CLUSTER_NAME =a\n", "a blank between `CLUSTER_NAME` and the `=`", "1:13"),
    ("CLUSTER_NAME= a\n", "a blank between the `=` and the value", "1:14"),
    ("CLUSTER_NAME = a\n", "a blank between `CLUSTER_NAME` and the `=`", "1:13"),
    ("CLUSTER_NAME\n", "neither `KEY=VALUE` nor a comment", "1:1"),
    ("export CLUSTER_NAME\n", "neither `KEY=VALUE` nor a comment", "1:8"),
    ("CLUSTER_NAME: a\n", "neither `KEY=VALUE` nor a comment", "1:1"),
    ("=a\n", "there is no key before the `=`", "1:1"),
    ("1CLUSTER=a\n", "`1CLUSTER` cannot be a key", "1:1"),
    ("WORKER_NAMES=w-1\nSSH_PORT_w-1=3000\n", "write `SSH_PORT_w_1`", "2:11"),
    ("CLUSTER_NÄME=a\n", "`CLUSTER_NÄME` cannot be a key", "1:10"),
    ("CLUSTER_NAME=a CNI=cilium\n", "two assignments in one line", "1:16"),
    ("CLUSTER_NAME=a\\\nCNI=cilium\n", "goes on after the end of its line", "1:15"),
    ("CLUSTER_NAME=“a”\n", "typographic quote", "1:14"),
    ("CLUSTER_NAME=a\u{7}\n", "control character in a value: U+0007", "1:15"),
    ("ISO_PATH=~bob/x.iso\n", "a `~` is read only", "1:10"),
    ("CLUSTER_NAME=a\nCNI=cilium\nCLUSTER_NAME=b\n", "`CLUSTER_NAME` is set twice, in line 1 and in line 3", "3:1"),
    ("CLUSTER_NAME=a\r\nCNI=cilium\r\n", "line ends of Windows", "1:15"),
    ("\u{feff}CLUSTER_NAME=a\n", "byte order mark", "1:1"),
    ("CLUSTER_NAME=a\0b\n", "a NUL byte", "1:15"),
];

const KEYS: &[Case] = &[
    ("CLUSTERNAME=a\n", "did you mean `CLUSTER_NAME`?", "1:1"),
    ("cluster_name=a\n", "did you mean `CLUSTER_NAME`?", "1:1"),
    ("FAVOURITE_COLOUR=blue\n", "there is no key `FAVOURITE_COLOUR`", "1:1"),
    ("WORKER_NAMES='one two'\nSSH_PORT_onee=3000\n", "did you mean `SSH_PORT_one`? The nodes that can have it:", "2:1"),
    ("WORKER_NAMES='one two'\nMEM_three=3000\n", "there is no node `three` for the key `MEM_three`", "2:1"),
    ("WORKER_NAMES='one two'\nMEM_ONE=3000\n", "did you mean `MEM_one`?", "2:1"),
    ("WORKER_NAMES=one\nAPI_PORT_one=7000\n", "`one` is a worker, and `API_PORT` is for a control-plane", "2:1"),
    ("CONTROL_PLANE_NAMES=one\nKUBELET_PORT_one=7000\n", "`KUBELET_PORT` is for a worker", "2:1"),
    ("MEM=3000\n", "`MEM` does not say which node it is for", "1:1"),
    ("WORKER_NAMES=one\nDISK_SIZE_one=30G\n", "`DISK_SIZE_one` cannot be set for one node", "2:1"),
    ("WORKER_NAME='one two'\nSSH_PORT_one=3000\n", "did you mean `WORKER_NAMES`?", "1:1"),
];

const NAMES: &[Case] = &[
    ("CLUSTER_NAME=Prod\n", "upper case", "1:14"),
    ("CLUSTER_NAME=my_cluster\n", "'_' cannot be in it", "1:16"),
    ("CLUSTER_NAME=cache\n", "`CLUSTER_NAME` is taken", "1:14"),
    ("CLUSTER_NAME=an-honest-but-by-far-too-long-name\nCNI=cilium\n", "is longer than 32", "1:14"),
    ("CLUSTER_NAME=\n", "`CLUSTER_NAME` has no value", "1:14"),
    ("CONTROL_PLANE_NAMES=\n", "`CONTROL_PLANE_NAMES` has no value", "1:21"),
    ("CONTROL_PLANE_NAMES=' , '\n", "`CONTROL_PLANE_NAMES` names no node", "1:21"),
    ("WORKER_NAMES='one Two'\n", "no lower-case DNS label: `Two`", "1:19"),
    ("WORKER_NAMES=one.two\n", "no lower-case DNS label: `one.two`", "1:14"),
    ("WORKER_NAMES=one-\n", "begins or ends with `-`", "1:14"),
    ("WORKER_NAMES='one etcd-ca'\n", "`etcd-ca.pem` is another certificate", "1:19"),
    ("WORKER_NAMES='one etcd-peer-one'\n", "name that is taken: `etcd-peer-one`", "1:19"),
    ("WORKER_NAMES='one one-key'\n", "would be the private key of `one`", "1:19"),
    ("WORKER_NAMES=localhost\n", "name that is taken: `localhost`", "1:14"),
    ("WORKER_NAMES=7\n", "a name of digits alone: `7`", "1:14"),
    ("WORKER_NAMES='one two one'\n", "two nodes are called `one`", "1:23"),
    ("CONTROL_PLANE_NAMES=one\nWORKER_NAMES='two one'\n", "two nodes are called `one`", "2:19"),
];

const MACHINES: &[Case] = &[
    ("WORKER_MEM=512\n", "`WORKER_MEM` is less than 1024 MiB", "1:12"),
    ("WORKER_MEM=lots\n", "`WORKER_MEM` is not an amount of memory", "1:12"),
    ("WORKER_MEM=8GB\n", "`WORKER_MEM` is not an amount of memory", "1:12"),
    ("WORKER_NAMES=one\nMEM_one=1\n", "`MEM_one` is less than 1024 MiB", "2:9"),
    ("WORKER_CPUS=0\n", "`WORKER_CPUS` is not a number of CPUs from 1 to 64", "1:13"),
    ("WORKER_CPUS=65\n", "too many", "1:13"),
    ("WORKER_NAMES=one\nCPUS_one=two\n", "not a whole number", "2:10"),
    ("DISK_SIZE=30\n", "write `30G` or `30M`", "1:11"),
    ("DISK_SIZE=3G\n", "`DISK_SIZE` is less than 4G", "1:11"),
    ("ESP_SIZE=64M\n", "`ESP_SIZE` is less than 128M", "1:10"),
    ("ESP_SIZE=8G\nDISK_SIZE=8G\n", "does not fit on the disk", "2:11"),
    ("CERT_DAYS=0\n", "`CERT_DAYS` is not a number of days from 1 to 3650", "1:11"),
    ("CERT_DAYS=400\nCA_DAYS=400\n", "authorities do not outlive", "2:9"),
    ("NIXOS_RELEASE=unstable\n", "`NIXOS_RELEASE` is not a NixOS release", "1:15"),
    ("NIXOS_RELEASE=25.06\n", "no release comes in that month", "1:15"),
    ("NIXOS_RELEASE=24.11\n", "too old", "1:15"),
    ("CILIUM_VERSION=v1.2.3\n", "write `1.2.3`", "1:16"),
    ("COREDNS_VERSION=latest\n", "`COREDNS_VERSION` is not a version", "1:17"),
];

const NETWORK: &[Case] = &[
    ("NET_MODE=bridge\n", "`NET_MODE` is neither `l2` nor `user`", "1:10"),
    ("CNI=clium\n", "did you mean `cilium`?", "1:5"),
    ("K8S_POD_CIDR=10.99.0.0\n", "`K8S_POD_CIDR` is not an IPv4 range", "1:14"),
    ("K8S_POD_CIDR=10.99.7.0/16\n", "write `10.99.0.0/16`", "1:14"),
    ("K8S_POD_CIDR=10.99.0.0/25\n", "prefix length that is not from /8 to /24", "1:14"),
    ("K8S_SERVICE_CIDR=10.0.0.0/8\n", "too large a range", "1:18"),
    ("CLUSTER_CIDR=127.0.0.0/24\n", "loopback", "1:14"),
    ("CLUSTER_CIDR=169.254.1.0/24\n", "link-local", "1:14"),
    ("CLUSTER_CIDR=224.1.1.0/24\n", "multicast", "1:14"),
    ("K8S_POD_CIDR=172.16.0.0/16\nCLUSTER_CIDR=172.16.9.0/24\n", "overlap", "2:14"),
    (
        "K8S_POD_CIDR=10.32.0.0/16\n",
        "`K8S_SERVICE_CIDR` (10.32.0.0/24, the default) and `K8S_POD_CIDR` (10.32.0.0/16) overlap",
        "1:14",
    ),
    ("K8S_POD_CIDR=10.99.0.0/24\n", "has room for 1 of 3 nodes", "1:14"),
    ("K8S_CLUSTER_DNS=10.99.0.10\n", "10.99.0.10 is outside the range", "1:17"),
    ("K8S_CLUSTER_DNS=10.32.0.1\n", "the API server's own service address", "1:17"),
    ("K8S_CLUSTER_DNS=10.32.0.255\n", "the range's broadcast address", "1:17"),
    ("K8S_CLUSTER_DNS=10.32.0.0\n", "the range's own name", "1:17"),
    ("K8S_CLUSTER_DNS=coredns\n", "`K8S_CLUSTER_DNS` is not an IPv4 address", "1:17"),
    ("K8S_SERVICE_CIDR=10.96.0.0/16\n", "`K8S_CLUSTER_DNS` is not an address that a service can have", "1:18"),
    ("K8S_CLUSTER_DOMAIN=Cluster.Local\n", "not a lower-case DNS domain", "1:20"),
    ("K8S_CLUSTER_DOMAIN=cluster.local.\n", "not a lower-case DNS domain", "1:20"),
    ("USER_NET_CIDR=10.0.2.0/28\n", "prefix length that is not from /8 to /27", "1:15"),
    ("CLUSTER_CIDR=172.16.9.0/28\n", "no address for `sigma` and 1 more in `CLUSTER_CIDR`", "1:14"),
    ("WORKER_NAMES=one\nADDRESS_one=10.1.1.1\n", "10.1.1.1 is outside the range", "2:13"),
    ("WORKER_NAMES=one\nADDRESS_one=192.168.100.255\n", "the range's broadcast address", "2:13"),
    ("WORKER_NAMES=one\nADDRESS_one=192.168.100.10\n", "two nodes have the address 192.168.100.10", "2:13"),
    ("CONTROL_PLANE_NAMES='a b c d e f g h i j k'\n", "no address for `k` in `CLUSTER_CIDR`", "1:42"),
    ("API_VIP=10.1.1.1\n", "`API_VIP` is not an address that a machine can have", "1:9"),
    ("API_VIP=192.168.100.20\n", "`API_VIP` is the address of a node", "1:9"),
    ("API_VIP=192.168.100.5\nNET_MODE=user\nWORKER_NAMES=one\n", "no floating address with `NET_MODE=user`", "2:10"),
    ("WORKER_NAMES=one\nMAC_one=52-54-00-00-00-01\n", "`MAC_one` is not a MAC address", "2:9"),
    ("WORKER_NAMES=one\nMAC_one=01:00:5e:00:00:01\n", "`MAC_one` is a group address", "2:9"),
    (
        "WORKER_NAMES='one two'\nMAC_one=52:54:00:00:00:01\nMAC_two=52:54:00:00:00:01\n",
        "two NICs have the MAC address",
        "3:9",
    ),
];

const PORTS: &[Case] = &[
    ("API_PORT=443\n", "ports below 1024 need root", "1:10"),
    ("API_PORT=70000\n", "`API_PORT` is not a port", "1:10"),
    ("API_PORT=https\n", "not a whole number", "1:10"),
    ("API_PORT=30500\n", "NodePort", "1:10"),
    ("API_PORT=2379\n", "another component of the node listens there", "1:10"),
    ("API_PORT=10250\n", "another component of the node listens there", "1:10"),
    ("KUBELET_PORT=10249\n", "another component of the node listens there", "1:14"),
    ("WORKER_NAMES=one\nKUBELET_PORT_one=10256\n", "another component of the node listens there", "2:18"),
    ("KUBELET_PORT=29999\n", "NodePort", "1:14"),
    ("SSH_PORT=65535\n", "so high that no port is left for `sigma`", "1:10"),
    (
        "WORKER_NAMES='one two'\nSSH_PORT_one=3000\nSSH_PORT_two=3000\n",
        "port 3000 of this host would lead to two places: `SSH_PORT_one` (3000) and `SSH_PORT_two` (3000)",
        "3:14",
    ),
    ("WORKER_NAMES='one two'\nSSH_PORT_one=2224\n", "`SSH_PORT_two` (2224, derived)", "2:14"),
    ("SSH_PORT=6443\n", "port 6443 of this host would lead to two places", "1:10"),
];

const PLACES: &[Case] = &[
    ("ISO_PATH=gone.iso\n", "`ISO_PATH` names a file that cannot be found", "1:10"),
    ("ISO_PATH=.\n", "`ISO_PATH` is not a file", "1:10"),
    (
        "ISO_PATH=here.iso\nISO_URL=https://host/x.iso\nISO_SHA256=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
        "comes from two places",
        "2:9",
    ),
    ("ISO_URL=https://host/x.iso\n", "`ISO_URL` has no digest", "1:9"),
    (
        "ISO_URL=ftp://host/x.iso\nISO_SHA256=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
        "begins with `ftp://`",
        "1:9",
    ),
    (
        "ISO_SHA256=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
        "`ISO_SHA256` stands alone",
        "1:12",
    ),
    ("ISO_URL=https://host/x.iso\nISO_SHA256=0123\n", "`ISO_SHA256` is not a SHA-256 digest", "2:12"),
    ("PROXY_HTTP=proxy:3128\n", "`PROXY_HTTP` is not a URL", "1:12"),
    ("PROXY_HTTPS=https://proxy:0\n", "a port that is not a number from 1 to 65535", "1:13"),
    ("PROXY_NO=localhost,http://host\n", "no host, address or range: `http://host`", "1:20"),
    ("EXTRA_CA_FILE=gone.pem\n", "`EXTRA_CA_FILE` names a file that cannot be found", "1:15"),
    ("EXTRA_CA_FILE=key.pem\n", "`EXTRA_CA_FILE` holds a private key", "1:15"),
    ("EXTRA_CA_FILE=here.iso\n", "`EXTRA_CA_FILE` holds no PEM certificate", "1:15"),
];

fn space(text: &str) -> Space {
    let space = Space::new(text);
    space.write("here.iso", "not really");
    let key = ["PRIVATE", "KEY"].join(" ");
    space.write("key.pem", format!("-----BEGIN CERTIFICATE-----\n-----BEGIN {key}-----\n"));
    space
}

fn cases() -> impl Iterator<Item = &'static Case> {
    [SYNTAX, KEYS, NAMES, MACHINES, NETWORK, PORTS, PLACES].into_iter().flatten()
}

/// What is not as it should be about the report on a bad input.
fn fault(report: &Report, (_, message, at): &Case) -> Option<&'static str> {
    let plain = plain(report);
    let data = serde_json::to_value(report).unwrap();
    let errors = report.diagnostics().iter().filter(|d| d.severity == Severity::Error).count();
    let same_place = |d: &serde_json::Value| *at == format!("{}:{}", d["line"], d["column"]);
    match () {
        () if !plain.contains(message) => Some("another message"),
        () if !plain.contains(&format!("--> cluster.env:{at}\n")) => Some("another place"),
        () if !data.as_array().unwrap().iter().any(same_place) => Some("another place in the data"),
        () if !plain.contains(" = help: ") => Some("no mend"),
        () if errors != 1 => Some("more than one mistake"),
        () => None,
    }
}

#[test]
fn every_bad_input_gives_one_mistake_at_its_place_with_a_mend() {
    let wrong: Vec<String> = cases()
        .filter_map(|case| match space(case.0).load() {
            Ok(_) => Some(format!("no mistake found in:\n{}", case.0)),
            Err(report) => fault(&report, case).map(|fault| format!("{fault} for {case:?}:\n{}", plain(&report))),
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases().count() >= 60);
}

#[test]
fn files_that_are_no_environment_files() {
    let message = |text: &[u8]| plain(&bad(text));
    assert!(message(b"").contains("the environment file is empty"));
    assert!(message(b"# only\n\n# comments\n").contains("the environment file sets nothing"));
    let latin = message(b"# ok\nCLUSTER_NAME=caf\xe9\n");
    assert!(latin.contains("not UTF-8") && latin.contains("cluster.env:2:17") && latin.contains("0xe9"), "{latin}");
    assert!(message(b"\xff\xfeC\0L\0").contains("looks like UTF-16"));
    assert!(message(&vec![b'#'; 1024 * 1024 + 1]).contains("larger than 1 MiB"));
    let space = Space::new("CNI=cilium\n");
    let other = |name: &str| plain(&space.load_file(name).unwrap_err());
    assert!(other("gone.env").contains("there is no environment file `gone.env`"));
    assert!(other("gone.env").contains("--env-file"));
    assert!(other(".").contains("the environment file `.` is a directory"));
    assert!(other("cluster.env/x").contains("cannot be read"));
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_says_so() {
    use std::os::unix::fs::PermissionsExt as _;
    let space = Space::new("CNI=cilium\n");
    let path = space.dir.path().join("cluster.env");
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if fs_err::File::open(&path).is_ok() {
        eprintln!("SKIPPED: a_file_that_may_not_be_read_says_so: root can read every file");
        return;
    }
    assert!(plain(&space.load().unwrap_err()).contains("cannot be read"));
}

#[test]
fn all_mistakes_come_at_once_in_the_order_of_the_file() {
    let report =
        Space::new("WORKER_MEM=1\nCNI=none\nBOGUS_KEY=1\nCLUSTER_NAME=$X\nK8S_CLUSTER_DNS=10.9.9.9\nDISK_SIZE=1G\n")
            .with("API_PORT", "80")
            .load()
            .unwrap_err();
    let keys: Vec<_> = report.diagnostics().iter().map(|d| d.key.as_deref().unwrap_or("-")).collect();
    assert_eq!(keys, ["WORKER_MEM", "CNI", "BOGUS_KEY", "CLUSTER_NAME", "K8S_CLUSTER_DNS", "DISK_SIZE", "API_PORT"]);
    assert_eq!(report.to_string(), "7 errors in the configuration `cluster.env`");
}

#[test]
fn nothing_is_ever_executed_or_expanded() {
    let space = Space::new("X=1\n");
    let witness = space.dir.path().join("witness");
    let text = format!("CLUSTER_NAME=$(touch {0})\nCNI=`touch {0}`\nISO_PATH=a;touch {0}\n", witness.display());
    space.write("cluster.env", text);
    let report = space.load().unwrap_err();
    assert_eq!(report.diagnostics().len(), 3);
    assert!(!witness.exists());
}

#[test]
fn a_bad_value_in_the_environment_is_blamed_on_the_environment() {
    let space = Space::new("WORKER_NAMES='one two'\n").with("MEM_one", "12").with("CLUSTER_CIDR", "10.32.0.0/16");
    let report = plain(&space.load().unwrap_err());
    assert!(report.contains("--> in the environment: MEM_one=12"), "{report}");
    assert!(report.contains("--> in the environment: CLUSTER_CIDR=10.32.0.0/16"), "{report}");
    assert!(!report.contains("cluster.env:"), "{report}");
}

#[test]
fn passwords_are_in_no_report() {
    for text in [
        "PROXY_HTTP=http://me:hush@proxy:99999\n",
        "PROXY_HTTP=me:hush@proxy\n",
        "PROXY_HTTP=http://me:hush@proxy x\n",
        "PROXY_HTTP= http://me:hush@proxy\n",
        "PROXY_HTTP='http://me:hush@proxy\n",
        "PROXY_HTTPP=http://me:hush@proxy\n",
    ] {
        let report = bad(text);
        let data = serde_json::to_string(&report).unwrap();
        assert!(!plain(&report).contains("hush") && !data.contains("hush"), "{text}{}\n{data}", plain(&report));
    }
    let report = Space::new("CNI=cilium\n").with("PROXY_HTTP", "http://me:hush@proxy:x").load().unwrap_err();
    assert!(plain(&report).contains("in the environment: PROXY_HTTP=http://me:***@proxy:x"), "{}", plain(&report));
    assert!(!plain(&report).contains("hush"));
}
