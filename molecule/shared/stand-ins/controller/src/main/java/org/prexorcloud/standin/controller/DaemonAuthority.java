// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Predicate;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemons' CA and the server certificate of the daemon port: ca.p12, .ca-password, ca.pem and server.p12.
 * server.p12 is issued for localhost only, is not checked against the CA, is replaced when 30 days or less remain,
 * and is loaded again when the file changes (layout.md section 4).
 */
final class DaemonAuthority {
    private static final Logger ROTATION = LoggerFactory.getLogger("CertificateRotationTask");
    private static final Logger RELOAD = LoggerFactory.getLogger("ReloadableServerSslContext");
    static final Path SECURITY = Path.of("config", "security");
    private static final Path CA_STORE = SECURITY.resolve("ca.p12");
    private static final Path CA_PEM = SECURITY.resolve("ca.pem");
    private static final Path SERVER_STORE = SECURITY.resolve("server.p12");
    private static final int ROTATE_BELOW_DAYS = 30;

    private final String password;
    private final Certificates.Identity authority;
    private final Predicate<String> revoked;
    private volatile SSLContext context;
    private volatile FileTime loaded;

    /** @param revoked whether the certificate of a node id has been revoked */
    DaemonAuthority(Predicate<String> revoked) throws IOException, GeneralSecurityException {
        this.revoked = revoked;
        FilePermissions.privateDirectory(SECURITY);
        Path passwordFile = SECURITY.resolve(".ca-password");
        if (!Files.exists(passwordFile)) {
            FilePermissions.writePrivate(passwordFile, Secrets.token(32));
        }
        password = Files.readString(passwordFile).strip();
        if (!Files.exists(CA_STORE)) {
            Certificates.Identity fresh = Certificates.authority("PrexorCloud CA");
            FilePermissions.write(CA_STORE, Certificates.pkcs12(fresh, null, password), "rw-------");
        }
        authority = Certificates.identity(Certificates.load(CA_STORE, password), password);
        Files.writeString(CA_PEM, caPem());
        if (!Files.exists(SERVER_STORE)) {
            issueServerCertificate();
        }
        load();
    }

    String caPem() {
        return Certificates.pem(authority.certificate());
    }

    SSLContext context() {
        return context;
    }

    /** @return the PKCS#12 file of a daemon, protected by the given password */
    byte[] issueNode(String nodeId, String storePassword) throws IOException, GeneralSecurityException {
        return Certificates.pkcs12(Certificates.node(nodeId, authority), authority.certificate(), storePassword);
    }

    private void issueServerCertificate() throws IOException, GeneralSecurityException {
        Certificates.Identity server = Certificates.server(authority);
        FilePermissions.write(
                SERVER_STORE, Certificates.pkcs12(server, authority.certificate(), password), "rw-------");
    }

    /** Runs one second after the start and every 24 hours. */
    void rotate() {
        try {
            X509Certificate current =
                    Certificates.identity(Certificates.load(SERVER_STORE, password), password).certificate();
            long days = Duration.between(Instant.now(), current.getNotAfter().toInstant()).toDays();
            if (days <= ROTATE_BELOW_DAYS) {
                ROTATION.warn("Server certificate expires in {} days (threshold: {}), rotating...", days,
                        ROTATE_BELOW_DAYS);
                issueServerCertificate();
                ROTATION.info("Server certificate rotated successfully. New expiry: 825 days from now");
            }
        } catch (IOException | GeneralSecurityException e) {
            ROTATION.warn("Server certificate not checked: {}", e.getMessage());
        }
    }

    void reloadIfChanged() {
        try {
            if (!Files.getLastModifiedTime(SERVER_STORE).equals(loaded)) {
                load();
                RELOAD.info("Reloaded gRPC TLS material from {} (CA: {})", SERVER_STORE, CA_PEM);
            }
        } catch (IOException | GeneralSecurityException e) {
            RELOAD.warn("gRPC TLS material not reloaded: {}", e.getMessage());
        }
    }

    private void load() throws IOException, GeneralSecurityException {
        FileTime changed = Files.getLastModifiedTime(SERVER_STORE);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(Certificates.load(SERVER_STORE, password), password.toCharArray());
        KeyStore anchors = KeyStore.getInstance("PKCS12");
        anchors.load(null, null);
        anchors.setCertificateEntry("ca", authority.certificate());
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(anchors);
        SSLContext fresh = SSLContext.getInstance("TLS");
        fresh.init(keys.getKeyManagers(),
                new TrustManager[] {new NodeTrust((X509TrustManager) trust.getTrustManagers()[0], revoked)}, null);
        context = fresh;
        loaded = changed;
    }

    static String commonName(X509Certificate certificate) {
        return certificate.getSubjectX500Principal().getName().replaceFirst("^CN=", "").replaceFirst("(?<!\\\\),.*", "");
    }

    /** The chain first, then the list of revoked node ids: revocation stops new connections, never a running one. */
    private static final class NodeTrust extends X509ExtendedTrustManager {
        private final X509TrustManager chain;
        private final Predicate<String> revoked;

        NodeTrust(X509TrustManager chain, Predicate<String> revoked) {
            this.chain = chain;
            this.revoked = revoked;
        }

        @Override
        public void checkClientTrusted(X509Certificate[] certificates, String type) throws CertificateException {
            chain.checkClientTrusted(certificates, type);
            if (revoked.test(commonName(certificates[0]))) {
                throw new CertificateException("client certificate revoked");
            }
        }

        @Override
        public void checkClientTrusted(X509Certificate[] certificates, String type, java.net.Socket socket)
                throws CertificateException {
            checkClientTrusted(certificates, type);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] certificates, String type, javax.net.ssl.SSLEngine engine)
                throws CertificateException {
            checkClientTrusted(certificates, type);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] certificates, String type) throws CertificateException {
            throw new CertificateException("this side only serves");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] certificates, String type, java.net.Socket socket)
                throws CertificateException {
            checkServerTrusted(certificates, type);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] certificates, String type, javax.net.ssl.SSLEngine engine)
                throws CertificateException {
            checkServerTrusted(certificates, type);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return chain.getAcceptedIssuers();
        }
    }
}
