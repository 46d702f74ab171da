// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.UUID;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon port: TLS with server.p12, a requested client certificate, and lines of our own in place of gRPC.
 * The daemon says HELLO with its node id, which must be the common name of its certificate, then PING with the number
 * of its instances every two seconds. The answer is PONG, and behind it what the daemon has to do about a drain:
 * in the real program, one order for each instance. The end of the connection is the end of the node's presence.
 */
final class DaemonListener {
    private static final Logger LOG = LoggerFactory.getLogger("DaemonServiceImpl");
    /** A daemon that went away without a word is noticed after this time, as with upstream's keep-alive. */
    private static final int SILENCE_MS = 40_000;

    /** One connection of a daemon. */
    static final class Session {
        private final String id = UUID.randomUUID().toString();
        private final SSLSocket socket;

        private Session(SSLSocket socket) {
            this.socket = socket;
        }

        String id() {
            return id;
        }

        void close() {
            try {
                socket.close();
            } catch (IOException e) {
                LOG.debug("close: {}", e.getMessage());
            }
        }

        private String peerName() throws SSLPeerUnverifiedException {
            return DaemonAuthority.commonName((X509Certificate) socket.getSession().getPeerCertificates()[0]);
        }

        private void send(String line) throws IOException {
            socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            socket.getOutputStream().flush();
        }
    }

    private final DaemonAuthority authority;
    private final Nodes nodes;
    private final Subnets subnets;
    private final ServerSocket listener;

    DaemonListener(GrpcConfig config, DaemonAuthority authority, Nodes nodes, Subnets subnets) throws IOException {
        this.authority = authority;
        this.nodes = nodes;
        this.subnets = subnets;
        InetSocketAddress address = new InetSocketAddress(config.host(), config.port());
        listener = new ServerSocket();
        try {
            listener.bind(config.host().equals("0.0.0.0") ? new InetSocketAddress(config.port()) : address);
        } catch (IOException e) {
            listener.close();
            throw new IOException("Failed to bind to address " + address, e);
        }
        Thread.ofPlatform().daemon().name("daemon-listener").start(this::accept);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket plain = listener.accept();
                Thread.ofVirtual().start(() -> serve(plain));
            } catch (IOException e) {
                LOG.debug("listener: {}", e.getMessage());
            }
        }
    }

    private void serve(Socket plain) {
        String address = plain.getInetAddress().getHostAddress();
        try (SSLSocket socket = (SSLSocket)
                authority.context().getSocketFactory().createSocket(plain, address, plain.getPort(), true)) {
            socket.setUseClientMode(false);
            socket.setWantClientAuth(true);
            socket.setSoTimeout(SILENCE_MS);
            socket.startHandshake();
            if (subnets.allows(address)) {
                converse(new Session(socket), address);
            } else {
                LOG.warn("PERMISSION_DENIED: {} is not in the controller's allowedSubnets list", address);
            }
        } catch (IOException e) {
            LOG.debug("{}: {}", address, e.getMessage());
        }
    }

    private void converse(Session session, String address) throws IOException {
        BufferedReader in =
                new BufferedReader(new InputStreamReader(session.socket.getInputStream(), StandardCharsets.UTF_8));
        String greeting = in.readLine();
        String nodeId = session.peerName();
        if (greeting == null || !greeting.equals("HELLO " + nodeId)) {
            LOG.warn("UNAUTHENTICATED: the greeting of {} is not that of certificate CN={}", address, nodeId);
            return;
        }
        nodes.connected(nodeId, address, session);
        try {
            session.send("OK");
            for (String line = in.readLine(); line != null && line.matches("PING \\d+"); line = in.readLine()) {
                String order = nodes.heartbeat(nodeId, Integer.parseInt(line.substring(5)));
                session.send(("PONG " + order).strip());
            }
        } finally {
            nodes.disconnected(nodeId, session);
        }
    }

    void close() {
        try {
            listener.close();
        } catch (IOException e) {
            LOG.debug("listener: {}", e.getMessage());
        }
    }
}
