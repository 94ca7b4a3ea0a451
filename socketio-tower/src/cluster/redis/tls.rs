use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::RedisConfigError;

/// The settings of TLS.
#[derive(Default)]
pub(super) struct Tls {
    /// The certificates that the server must have one of, or be certified by. Otherwise, those of the system.
    roots: Option<Vec<CertificateDer<'static>>>,
    identity: Option<Identity>,
    pub(super) any_hostname: bool,
    config: OnceLock<Arc<ClientConfig>>,
}

/// The certificate of the client, with those that it was issued by, and its key.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Tls {
    pub(super) fn set_roots(&mut self, pem: &[u8]) -> Result<(), RedisConfigError> {
        let roots = certificates(pem)?;
        store(&roots).map_err(|_| RedisConfigError::Pem("a certificate is invalid"))?;
        self.roots = Some(roots);
        Ok(())
    }

    pub(super) fn set_identity(&mut self, chain: &[u8], key: &[u8]) -> Result<(), RedisConfigError> {
        let chain = certificates(chain)?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| RedisConfigError::Pem("there is no private key"))?;
        let identity = Identity { chain, key };
        let provider = ring::default_provider();
        CertifiedKey::from_der(identity.chain.clone(), identity.key.clone_key(), &provider)
            .map_err(|_| RedisConfigError::Pem("the private key is not that of the certificate"))?;
        self.identity = Some(identity);
        Ok(())
    }

    pub(super) async fn connect(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        TlsConnector::from(self.config().await?).connect(name, stream).await
    }

    async fn config(&self) -> io::Result<Arc<ClientConfig>> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let roots = match &self.roots {
            Some(roots) => store(roots).map_err(io::Error::other)?,
            None => tokio::task::spawn_blocking(system_roots).await.map_err(io::Error::other)??,
        };
        let config = self.build(roots).map_err(io::Error::other)?;
        Ok(Arc::clone(self.config.get_or_init(|| Arc::new(config))))
    }

    fn build(&self, roots: RootCertStore) -> Result<ClientConfig, Error> {
        let provider = Arc::new(ring::default_provider());
        let inner =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        let inner = inner.map_err(|error| Error::General(error.to_string()))?;
        let own = self.roots.clone().unwrap_or_default();
        let verifier = Arc::new(Verifier { inner, own, any_hostname: self.any_hostname });
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        match &self.identity {
            Some(Identity { chain, key }) => builder.with_client_auth_cert(chain.clone(), key.clone_key()),
            None => Ok(builder.with_no_client_auth()),
        }
    }
}

/// Verifies the certificates of servers as usual, with two exceptions.
#[derive(Debug)]
struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
    /// The certificates that were set by the application. One that is also that of a certificate authority, as
    /// `openssl req -x509` makes them, is accepted from a server.
    own: Vec<CertificateDer<'static>>,
    /// Set if the certificate may be for another name.
    any_hostname: bool,
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, RedisConfigError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|_| RedisConfigError::Pem("a certificate is invalid"))?;
    if certificates.is_empty() {
        return Err(RedisConfigError::Pem("there is no certificate"));
    }
    Ok(certificates)
}

fn system_roots() -> io::Result<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Stores of systems contain certificates that rustls does not read.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the system has no root certificates"));
    }
    Ok(roots)
}

fn store(certificates: &[CertificateDer<'static>]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    certificates.iter().try_for_each(|certificate| roots.add(certificate.clone()))?;
    Ok(roots)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is verified last.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.any_hostname => Ok(ServerCertVerified::assertion()),
            // That of a certificate authority.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if self.own.contains(end_entity) => {
                if !self.any_hostname {
                    verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("own_roots", &self.roots.as_ref().map(Vec::len))
            .field("identity", &self.identity.is_some())
            .field("any_hostname", &self.any_hostname)
            .finish_non_exhaustive()
    }
}
