// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import io.netty.channel.epoll.Epoll;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is left of Raft with a single controller: an identity that may not change (uuid, raft.host), a TLS listener
 * on every address, and durable cluster state below data/raft. The controller really connects to itself through
 * raft.host with its leaf certificate, so a changed host and an expired leaf fail with the JDK's own causes.
 * Source: config.md section 4, ha.md section 1, layout.md section 4.
 */
final class Raft {
    private static final Logger LOG = LoggerFactory.getLogger("ClusterControlService");
    private static final Path MATERIAL = DaemonAuthority.SECURITY.resolve("cluster");
    private static final Path CA_FILE = MATERIAL.resolve("ca.crt");
    private static final Path LEAF_FILE = MATERIAL.resolve("leaf.crt");
    private static final Path KEY_FILE = MATERIAL.resolve("leaf.key");
    private static final Path TOKEN_FILE = DaemonAuthority.SECURITY.resolve("pending-join-token");
    private static final Path CURRENT =
            Path.of("data", "raft", "5f0e4d59-7f0e-3d59-9a8b-000000000001", "current");
    private static final long ELECTION_TIMEOUT_MS = 15_000;

    /** A failure in gRPC's form: a status, then the reason. */
    static final class StatusException extends Exception {
        private static final long serialVersionUID = 1L;

        StatusException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private final ControllerConfig config;
    private ServerSocket listener;

    private Raft(ControllerConfig config) {
        this.config = config;
    }

    /** @return the cluster state; the listener stays open until {@link #close} */
    static ClusterState start(ControllerConfig config) throws Exception {
        refuseJoinToken();
        InetSocketAddress address = new InetSocketAddress(config.raft().port());
        Raft raft = new Raft(config);
        raft.mintMaterial();
        FilePermissions.privateDirectory(DaemonAuthority.SECURITY);
        loadNativeLibrary();
        Files.createDirectories(CURRENT.toAbsolutePath());
        ClusterState state = ClusterState.load(CURRENT.resolve("state.json"));
        Files.writeString(CURRENT.resolve("raft-meta"), "votedFor=" + config.uuid() + "\n");
        SSLContext tls = raft.context();
        raft.listen(tls, address);
        raft.connectToSelf(tls);
        if (config.uuid().isEmpty()) {
            throw new StatusException("UNKNOWN: Application error processing RPC", null);
        }
        if (state.founded()) {
            raft.checkIdentity(state);
        } else {
            state.found(config);
            LOG.info("Stamped fresh cluster.id={} into the Raft state", state.clusterId());
        }
        state.onClose(raft::close);
        return state;
    }

    /** Joining a cluster never works for long upstream and is not offered here at all; only the refusals are. */
    private static void refuseJoinToken() throws Exception {
        if (!Files.exists(TOKEN_FILE)) {
            return;
        }
        String token = Files.readString(TOKEN_FILE).strip();
        if (token.isEmpty()) {
            throw new IllegalStateException(TOKEN_FILE
                    + " exists but is empty — delete it to run Day-0 bootstrap, or repopulate it with a wire token.");
        }
        if (!token.startsWith(ClusterState.TOKEN_PREFIX)) {
            throw new IllegalArgumentException("token must start with " + ClusterState.TOKEN_PREFIX);
        }
        throw new StatusException("UNAVAILABLE: io exception", null);
    }

    private void mintMaterial() throws IOException {
        if (Files.exists(CA_FILE) && Files.exists(LEAF_FILE) && Files.exists(KEY_FILE)) {
            return;
        }
        FilePermissions.privateDirectory(DaemonAuthority.SECURITY);
        FilePermissions.privateDirectory(MATERIAL);
        Certificates.Identity authority = Certificates.authority("PrexorCloud Cluster CA");
        Certificates.Identity leaf = Certificates.member(config.uuid(), config.raft().host(), authority);
        FilePermissions.writePrivate(CA_FILE, Certificates.pem(authority.certificate()));
        FilePermissions.writePrivate(LEAF_FILE, Certificates.pem(leaf.certificate()));
        FilePermissions.writePrivate(KEY_FILE, Certificates.pem(leaf.key()));
        LOG.info("Minted Day-0 cluster CA + self leaf cert; persisted to {}", MATERIAL);
    }

    /** An unwritable or noexec java.io.tmpdir ends the start here, after five attempts, as upstream's TLS library does. */
    private static void loadNativeLibrary() throws IOException, InterruptedException {
        Logger server = LoggerFactory.getLogger("RaftServer");
        for (int attempt = 1; ; attempt++) {
            try {
                Epoll.ensureAvailability();
                return;
            } catch (UnsatisfiedLinkError e) {
                if (attempt == 5) {
                    throw new IOException(e.toString(), e);
                }
                server.warn("FAILED \"new RaftServerProxy\", attempt #{}/5, sleep 500ms and then retry: {}", attempt,
                        e.toString());
                Thread.sleep(500);
            }
        }
    }

    private static X509Certificate certificate(Path file) throws IOException, GeneralSecurityException {
        return Certificates.parse(Files.readAllBytes(file));
    }

    private SSLContext context() throws IOException, GeneralSecurityException {
        X509Certificate authority = certificate(CA_FILE);
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry(Certificates.ALIAS, Certificates.key(Files.readString(KEY_FILE)), new char[0],
                new X509Certificate[] {certificate(LEAF_FILE), authority});
        KeyStore anchors = KeyStore.getInstance("PKCS12");
        anchors.load(null, null);
        anchors.setCertificateEntry("ca", authority);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, new char[0]);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(anchors);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private void listen(SSLContext tls, InetSocketAddress address) throws IOException {
        SSLServerSocket socket = (SSLServerSocket) tls.getServerSocketFactory().createServerSocket();
        try {
            socket.bind(address);
        } catch (IOException e) {
            socket.close();
            LoggerFactory.getLogger("GrpcService")
                    .error("Terminating with exit status 1: Failed to start Grpc server",
                            new IOException("Failed to bind to address " + address, e));
            Runtime.getRuntime().halt(1);
        }
        listener = socket;
        Thread.ofPlatform().daemon().name("raft-listener").start(() -> accept(socket));
    }

    private static void accept(SSLServerSocket socket) {
        while (!socket.isClosed()) {
            try {
                Socket peer = socket.accept();
                Thread.ofVirtual().start(() -> answer((SSLSocket) peer));
            } catch (IOException e) {
                LoggerFactory.getLogger("RaftServer").debug("listener: {}", e.getMessage());
            }
        }
    }

    /** Nobody but this process has anything to say here: complete the handshake and hang up. */
    private static void answer(SSLSocket peer) {
        try (peer) {
            peer.setSoTimeout(5000);
            peer.startHandshake();
            peer.getInputStream().read();
        } catch (IOException e) {
            LoggerFactory.getLogger("RaftServer").debug("peer: {}", e.getMessage());
        }
    }

    private void connectToSelf(SSLContext tls) throws StatusException {
        String host = config.raft().host();
        InetAddress address;
        try {
            address = InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new StatusException("UNAVAILABLE: Unable to resolve host " + host, new RuntimeException(e));
        }
        try (Socket plain = new Socket()) {
            plain.connect(new InetSocketAddress(address, config.raft().port()), 5000);
            try (SSLSocket socket = (SSLSocket)
                    tls.getSocketFactory().createSocket(plain, host, config.raft().port(), true)) {
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                socket.setSSLParameters(parameters);
                socket.startHandshake();
            }
        } catch (IOException e) {
            throw new StatusException("UNAVAILABLE: io exception", e);
        }
    }

    private void checkIdentity(ClusterState state) throws TimeoutException, InterruptedException {
        if (!state.peer().equals(config.uuid())) {
            Thread.sleep(ELECTION_TIMEOUT_MS);
            throw new TimeoutException(
                    "peer " + config.uuid() + " did not become leader within " + ELECTION_TIMEOUT_MS + "ms");
        }
        String wanted = config.cluster().id();
        if (wanted != null && !wanted.equals(state.clusterId())) {
            throw new IllegalStateException("Configured cluster.id=" + wanted + " but Raft state holds cluster.id="
                    + state.clusterId() + ". Either restore the original Raft data dir, or remove cluster.id from"
                    + " controller.yml to adopt this Raft state's existing id.");
        }
    }

    private void close() {
        try {
            listener.close();
        } catch (IOException e) {
            LOG.debug("listener: {}", e.getMessage());
        }
    }
}
