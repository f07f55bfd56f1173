//! Asks one question over TLS, as whoever is named, or as nobody.
//!
//! It speaks just enough HTTP for a status and a body, and knows no API.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use xtask::pki;

/// Where a control plane dials what runs beside it.
pub(crate) const BESIDE: &str = "127.0.0.1";

/// One answer may take this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client: the directory of credentials, whom it believes, and whose certificate it shows.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    credentials: PathBuf,
    believes: &'static str,
    shows: Option<String>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Client {
    /// Nobody, who believes an authority.
    pub(crate) fn nobody(credentials: &Path, believes: &'static str) -> Client {
        Client { credentials: credentials.to_path_buf(), believes, shows: None }
    }

    /// The same one with a certificate.
    pub(crate) fn showing(&self, certificate: &str) -> Client {
        Client { shows: Some(certificate.to_string()), ..self.clone() }
    }

    /// `GET` from a port of loopback, whose server must prove to be `name`.
    pub(crate) fn get(&self, name: &str, port: u16, path: &str) -> Result<Answer, String> {
        self.ask(name, port, &format!("GET {path} HTTP/1.0\r\nHost: {name}\r\n\r\n"))
    }

    /// `POST` of a JSON document.
    pub(crate) fn post(&self, name: &str, port: u16, path: &str, body: &str) -> Result<Answer, String> {
        let length = body.len();
        let head = format!("POST {path} HTTP/1.0\r\nHost: {name}\r\nContent-Type: application/json\r\n");
        self.ask(name, port, &format!("{head}Content-Length: {length}\r\n\r\n{body}"))
    }

    fn ask(&self, name: &str, port: u16, request: &str) -> Result<Answer, String> {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(|error| error.to_string())?;
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = ServerName::try_from(name.to_string()).unwrap();
        let connection = ClientConnection::new(Arc::new(self.config()), name).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        match stream.read_to_end(&mut bytes) {
            // With HTTP/1.0 the end of the connection is the end of the answer; not everybody says goodbye before.
            Err(error) if bytes.is_empty() || error.kind() != std::io::ErrorKind::UnexpectedEof => {
                Err(error.to_string())
            }
            _ => parse(&String::from_utf8_lossy(&bytes)),
        }
    }

    fn config(&self) -> ClientConfig {
        let at = |file: String| self.credentials.join(file);
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(at(pki::public_file(self.believes))).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let Some(name) = &self.shows else { return builder.with_no_client_auth() };
        let certificate = CertificateDer::from_pem_file(at(pki::public_file(name))).unwrap();
        let key = PrivateKeyDer::from_pem_file(at(pki::key_file(name))).unwrap();
        builder.with_client_auth_cert(vec![certificate], key).unwrap()
    }
}

/// An answer that has this status.
pub(crate) fn wanted(answer: Result<Answer, String>, status: u16) -> Result<Answer, String> {
    match answer? {
        answer if answer.status == status => Ok(answer),
        other => Err(format!("{} instead of {status}: {}", other.status, other.body)),
    }
}

fn parse(text: &str) -> Result<Answer, String> {
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| format!("no answer of HTTP: {text}"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| format!("an answer without a status: {head}"))?;
    Ok(Answer { status, body: body.to_string() })
}

#[test]
fn an_answer_has_a_status_and_a_body() {
    let answer = Answer { status: 403, body: "no\r\n\r\nway".to_string() };
    assert_eq!(parse("HTTP/1.0 403 Forbidden\r\nX: y\r\n\r\nno\r\n\r\nway"), Ok(answer));
    assert!(parse("SSH-2.0\r\n").is_err());
}
