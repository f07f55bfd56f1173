//! Real TLS handshakes, in memory, by rustls: who accepts whom, and who is refused for which reason.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, RootCertStore, ServerConfig, ServerConnection, SideData,
};
use time::OffsetDateTime;
use xtask::pki::{Kind, Usage};

use crate::fixtures::{Made, harbour};
use crate::ordinary::plain;

/// One end of a connection: the row that it shows, and the authority that it believes.
#[derive(Clone, Copy)]
struct End<'a> {
    shows: &'a str,
    believes: &'a str,
}

fn end<'a>(shows: &'a str, believes: &'a str) -> End<'a> {
    End { shows, believes }
}

/// Connects the two, and says who refused whom and why.
fn connect(made: &Made, client: End<'_>, server: End<'_>, dialled: &str) -> Result<(), String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(made, server.believes), Arc::clone(&provider));
    let server_config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain(made, server.shows), key(made, server.shows))
        .unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(roots(made, client.believes), Arc::clone(&provider));
    let client_config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_webpki_verifier(verifier.build().unwrap())
        .with_client_auth_cert(chain(made, client.shows), key(made, client.shows))
        .unwrap();
    let name = ServerName::try_from(dialled.to_string()).unwrap();
    let mut client = ClientConnection::new(Arc::new(client_config), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server_config)).unwrap();
    while client.wants_write() || server.wants_write() {
        carry(&mut client, &mut server).map_err(|e| format!("the server refused the client: {e:?}"))?;
        carry(&mut server, &mut client).map_err(|e| format!("the client refused the server: {e:?}"))?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(())
}

fn carry<A: SideData, B: SideData>(
    from: &mut ConnectionCommon<A>,
    to: &mut ConnectionCommon<B>,
) -> Result<(), rustls::Error> {
    let mut wire = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut wire).unwrap();
    }
    let mut wire = wire.as_slice();
    while !wire.is_empty() {
        to.read_tls(&mut wire).unwrap();
        to.process_new_packets()?;
    }
    Ok(())
}

fn roots(made: &Made, authority: &str) -> Arc<RootCertStore> {
    let mut store = RootCertStore::empty();
    store.add(CertificateDer::from_pem_file(made.public(authority)).unwrap()).unwrap();
    Arc::new(store)
}

fn chain(made: &Made, name: &str) -> Vec<CertificateDer<'static>> {
    vec![CertificateDer::from_pem_file(made.public(name)).unwrap()]
}

fn key(made: &Made, name: &str) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_file(made.key(name)).unwrap()
}

#[track_caller]
fn refused(outcome: Result<(), String>, who: &str, why: &str) {
    let said = outcome.expect_err("it was accepted");
    assert!(said.starts_with(&format!("the {who} refused")) && said.contains(why), "{said}");
}

#[test]
fn the_api_server_and_its_callers_accept_each_other() {
    let made = Made::new(&harbour(), OffsetDateTime::now_utc());
    let api = end("kubernetes", "ca");
    let names = ["127.0.0.1", "10.96.0.1", "172.20.5.5", "172.20.5.41", "10.7.0.2", "10.7.0.15", "west", "localhost"];
    for name in names.into_iter().chain(["kubernetes.default.svc", "kubernetes.default.svc.corp.internal"]) {
        connect(&made, end("admin", "ca"), api, name).unwrap();
    }
    for caller in ["kube-controller-manager", "kube-scheduler", "kube-proxy", "oak", "yew-2"] {
        connect(&made, end(caller, "ca"), api, "172.20.5.5").unwrap();
    }
    refused(connect(&made, end("admin", "ca"), api, "oak"), "client", "NotValidForName");
}

#[test]
fn every_client_is_accepted_where_its_authority_is_believed_and_nowhere_else() {
    let made = Made::new(&harbour(), OffsetDateTime::now_utc());
    for row in made.rows.iter().filter(|row| row.kind == Kind::Leaf) {
        let authority = row.issuer.unwrap();
        for believed in ["ca", "etcd-ca", "front-proxy-ca"] {
            let outcome = connect(&made, end(&row.name, "ca"), end("kubernetes", believed), "localhost");
            match (believed == authority, row.usages.contains(&Usage::Client)) {
                (true, true) => outcome.unwrap_or_else(|e| panic!("{} at {believed}: {e}", row.name)),
                (true, false) => refused(outcome, "server", "InvalidPurpose"),
                // Another authority: an unknown name, or a signature by an unknown key.
                (false, _) => refused(outcome, "server", "InvalidCertificate"),
            }
        }
    }
}

#[test]
fn no_certificate_of_the_cluster_opens_etcd() {
    let made = Made::new(&plain(), OffsetDateTime::now_utc());
    let etcd = end("etcd-server-alpha", "etcd-ca");
    for caller in ["sigma", "admin", "apiserver-kubelet-client", "kube-controller-manager", "front-proxy-client"] {
        refused(connect(&made, end(caller, "etcd-ca"), etcd, "127.0.0.1"), "server", "UnknownIssuer");
    }
    for caller in ["apiserver-etcd-client", "etcd-client", "etcd-peer-alpha"] {
        connect(&made, end(caller, "etcd-ca"), etcd, "192.168.100.10").unwrap();
    }
    // The serving certificate is no client's.
    refused(connect(&made, end("etcd-server-alpha", "etcd-ca"), etcd, "127.0.0.1"), "server", "InvalidPurpose");
    // And who calls etcd is not satisfied by a server of the cluster's own authority.
    refused(
        connect(&made, end("etcd-client", "etcd-ca"), end("kubernetes", "etcd-ca"), "localhost"),
        "client",
        "UnknownIssuer",
    );
}

#[test]
fn etcd_members_dial_each_other_both_ways() {
    let made = Made::new(&harbour(), OffsetDateTime::now_utc());
    let member = |name| end(name, "etcd-ca");
    connect(&made, member("etcd-peer-north"), member("etcd-peer-east"), "172.20.5.41").unwrap();
    connect(&made, member("etcd-peer-east"), member("etcd-peer-north"), "172.20.5.40").unwrap();
    let stranger = connect(&made, member("etcd-peer-east"), member("etcd-peer-north"), "172.20.5.42");
    refused(stranger, "client", "NotValidForName");
}

#[test]
fn a_client_is_no_server() {
    let made = Made::new(&plain(), OffsetDateTime::now_utc());
    for row in made.rows.iter().filter(|row| row.kind == Kind::Leaf && !row.usages.contains(&Usage::Server)) {
        let authority = row.issuer.unwrap();
        let outcome = connect(&made, end("admin", authority), end(&row.name, "ca"), "localhost");
        refused(outcome, "client", "InvalidPurpose");
    }
}

#[test]
fn a_kubelet_is_itself_and_no_other_node() {
    let made = Made::new(&plain(), OffsetDateTime::now_utc());
    let (caller, kubelet) = (end("apiserver-kubelet-client", "ca"), end("sigma", "ca"));
    connect(&made, caller, kubelet, "sigma").unwrap();
    connect(&made, caller, kubelet, "192.168.100.20").unwrap();
    for other in ["gamma", "192.168.100.21", "alpha", "kubernetes", "127.0.0.1"] {
        refused(connect(&made, caller, kubelet, other), "client", "NotValidForName");
    }
}

#[test]
fn components_serve_on_loopback_by_name_but_do_not_pass_for_the_api_server() {
    let made = Made::new(&plain(), OffsetDateTime::now_utc());
    for component in ["kube-controller-manager", "kube-scheduler"] {
        connect(&made, end("admin", "ca"), end(component, "ca"), "localhost").unwrap();
        refused(connect(&made, end("admin", "ca"), end(component, "ca"), "127.0.0.1"), "client", "NotValidForName");
    }
}

#[test]
fn two_clusters_do_not_believe_each_other() {
    let (mine, yours) =
        (Made::new(&plain(), OffsetDateTime::now_utc()), Made::new(&plain(), OffsetDateTime::now_utc()));
    for file in ["admin.pem", "admin-key.pem"] {
        std::fs::copy(yours.dir().join(file), mine.dir().join(file)).unwrap();
    }
    refused(connect(&mine, end("admin", "ca"), end("kubernetes", "ca"), "localhost"), "server", "InvalidCertificate");
}
