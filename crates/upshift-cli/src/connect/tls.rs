//! TLS as libpq's `sslmode` means it, with rustls. PostgreSQL manual, 34.19.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Encryption;
use super::parameters::Parameters;
use crate::failure::Failure;

/// Makes connections TLS.
#[derive(Clone)]
pub(crate) struct Connector(MakeRustlsConnect);

impl<S> MakeTlsConnect<S> for Connector
where
    MakeRustlsConnect: MakeTlsConnect<S>,
{
    type Stream = <MakeRustlsConnect as MakeTlsConnect<S>>::Stream;
    type TlsConnect = <MakeRustlsConnect as MakeTlsConnect<S>>::TlsConnect;
    type Error = <MakeRustlsConnect as MakeTlsConnect<S>>::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self::TlsConnect, Self::Error> {
        // A socket of this machine has no name, and is asked for one before it turns out that it is not encrypted.
        self.0.make_tls_connect(if host.is_empty() { "localhost" } else { host })
    }
}

/// What makes a connection TLS.
pub(super) fn connector(
    encryption: &Encryption,
    parameters: &Parameters,
    home: Option<&Path>,
) -> Result<Connector, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|why| Failure::usage(format!("TLS cannot be set up: {why}")))?;
    let roots = roots(*encryption, parameters, home)?;
    let verifier = verifier(*encryption, roots, &provider)?;
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let config = match identity(parameters, home)? {
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|why| Failure::usage(format!("the client's certificate and key do not fit: {why}")))?,
        None => builder.with_no_client_auth(),
    };
    Ok(Connector(MakeRustlsConnect::new(config)))
}

/// Whom we trust to say who a server is: nobody said, the system's, or those of a file.
enum Roots {
    Nobody,
    Some(RootCertStore),
}

fn roots(encryption: Encryption, parameters: &Parameters, home: Option<&Path>) -> Result<Roots, Failure> {
    let usual = home.map(|home| home.join(".postgresql/root.crt")).filter(|path| path.exists());
    match (parameters.get("sslrootcert"), usual, encryption) {
        (_, _, Encryption::Off | Encryption::Preferred) => Ok(Roots::Nobody),
        (Some("system"), _, Encryption::Full) => system(),
        (Some("system"), _, _) => Err(Failure::usage("sslrootcert=system wants sslmode=verify-full")
            .help("anybody can have a certificate that the system trusts, so the name must be checked")),
        (Some(path), _, _) => file(Path::new(path)),
        (None, Some(path), _) => file(&path),
        (None, None, Encryption::Required) => Ok(Roots::Nobody),
        // libpq refuses here. The certificates of the system are what managed servers have.
        (None, None, Encryption::Signed | Encryption::Full) => system(),
    }
}

fn system() -> Result<Roots, Failure> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    match store.is_empty() {
        false => Ok(Roots::Some(store)),
        true => Err(Failure::usage("this system has no root certificates")
            .help("install ca-certificates, or name a file with sslrootcert=…")),
    }
}

fn file(path: &Path) -> Result<Roots, Failure> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store
            .add(certificate)
            .map_err(|why| Failure::usage(format!("{}: no root certificate: {why}", path.display())))?;
    }
    Ok(Roots::Some(store))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let unreadable = |why: &dyn std::fmt::Display| {
        Failure::usage(format!("cannot read the certificates in {}: {why}", path.display()))
    };
    let read = CertificateDer::pem_file_iter(path).map_err(|why| unreadable(&why))?;
    let found: Vec<_> = read.collect::<Result<_, _>>().map_err(|why| unreadable(&why))?;
    match found.is_empty() {
        false => Ok(found),
        true => Err(unreadable(&"there is none")),
    }
}

/// The client's own certificate and key, when both are there.
fn identity(
    parameters: &Parameters,
    home: Option<&Path>,
) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>, Failure> {
    let place = |name: &str, usual: &str| {
        let said = parameters.get(name).map(PathBuf::from);
        said.or_else(|| home.map(|home| home.join(".postgresql").join(usual)).filter(|path| path.exists()))
    };
    match (place("sslcert", "postgresql.crt"), place("sslkey", "postgresql.key")) {
        (None, None) => Ok(None),
        (Some(chain), Some(key)) => {
            let secret = PrivateKeyDer::from_pem_file(&key)
                .map_err(|why| Failure::usage(format!("cannot read the key in {}: {why}", key.display())))?;
            Ok(Some((certificates(&chain)?, secret)))
        }
        (Some(_), None) => {
            Err(Failure::usage("there is a client certificate, and no key for it").help("say sslkey=…"))
        }
        (None, Some(_)) => {
            Err(Failure::usage("there is a client key, and no certificate for it").help("say sslcert=…"))
        }
    }
}

fn verifier(
    encryption: Encryption,
    roots: Roots,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
    let lenient = |asks| Arc::new(Lenient { asks, provider: Arc::clone(provider) });
    let Roots::Some(roots) = roots else { return Ok(lenient(Asks::Nothing)) };
    let full = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|why| Failure::usage(format!("the root certificates cannot be used: {why}")))?;
    match encryption {
        Encryption::Full => Ok(full),
        // With a root certificate in its place `require` is `verify-ca`, in libpq as well.
        _ => Ok(lenient(Asks::WhoSigned(full))),
    }
}

/// Encrypts, and asks less of a server's certificate than rustls would.
#[derive(Debug)]
struct Lenient {
    asks: Asks,
    provider: Arc<CryptoProvider>,
}

/// What is asked of a server's certificate.
#[derive(Debug)]
enum Asks {
    /// Nothing, whoever answers: `prefer` and `require`.
    Nothing,
    /// Who has signed it, and not whose name is in it: `verify-ca`.
    WhoSigned(Arc<WebPkiServerVerifier>),
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Asks::WhoSigned(full) = &self.asks else { return Ok(ServerCertVerified::assertion()) };
        // The name is what is looked at last: whoever comes to it has a chain that is trusted.
        match full.verify_server_cert(certificate, between, name, stapled, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
