// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.daemon;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * The mutual TLS session with the controller, with a framing of our own in place of gRPC: HELLO nodeId, OK,
 * then every two seconds PING instances, PONG, behind which stands what else the controller wants (see Order).
 * The server certificate is checked against ca.pem and the configured name; nothing that goes wrong ends the
 * process, it only waits longer before the next try.
 */
final class ControllerLink implements Runnable {
    private static final Log LOG = new Log("DaemonGrpcClient");
    private static final Log HANDSHAKE_LOG = new Log("MessageDispatcher");
    private static final Log RECONNECT_LOG = new Log("ReconnectManager");
    private static final int CONNECT_TIMEOUT_MS = 10_000;
    private static final int ANSWER_TIMEOUT_MS = 20_000;
    private static final int PING_INTERVAL_MS = 2_000;
    private static final String PONG = "PONG";

    /** What the controller wants of the daemon until its next answer; NONE is a bare PONG. */
    enum Order {
        NONE,
        /** Start no instances. */
        CORDON,
        /** End the instances and start none. */
        DRAIN,
        /** End. */
        SHUTDOWN
    }

    private final String nodeId;
    private final DaemonConfig.Controller controller;
    private final DaemonConfig.Reconnect reconnect;
    private final SSLContext context;
    private final IntSupplier instances;
    private final Consumer<Order> orders;
    private volatile boolean connected;

    ControllerLink(DaemonConfig config, SSLContext context, IntSupplier instances, Consumer<Order> orders) {
        this.nodeId = config.nodeId();
        this.controller = config.controller();
        this.reconnect = config.reconnect();
        this.context = context;
        this.instances = instances;
        this.orders = orders;
    }

    boolean connected() {
        return connected;
    }

    @Override
    public void run() {
        double delayMs = reconnect.initialDelayMs();
        try {
            while (true) {
                LOG.info("Connecting to controller at %s:%d".formatted(controller.host(), controller.grpcPort()));
                boolean wasConnected = false;
                try (SSLSocket socket = open()) {
                    converse(socket);
                } catch (StatusException e) {
                    wasConnected = connected;
                    connected = false;
                    LOG.warn("Connection error: " + e.getMessage());
                }
                delayMs = wasConnected ? reconnect.initialDelayMs() : delayMs;
                Thread.sleep((long) delayMs);
                delayMs = Math.min(delayMs * reconnect.multiplier(), reconnect.maxDelayMs());
                RECONNECT_LOG.info("Attempting reconnection...");
            }
        } catch (IOException e) {
            throw new IllegalStateException(e); // closing a socket does not fail; it would be a defect here
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            connected = false;
        }
    }

    /** A name with several addresses fails over from one to the next. */
    private SSLSocket open() throws StatusException {
        IOException last = null;
        try {
            for (InetAddress address : InetAddress.getAllByName(controller.host())) {
                Socket plain = new Socket();
                try {
                    plain.connect(new InetSocketAddress(address, controller.grpcPort()), CONNECT_TIMEOUT_MS);
                    return handshake(plain);
                } catch (IOException | IllegalArgumentException e) {
                    plain.close();
                    last = e instanceof IOException io ? io : new IOException(e);
                }
            }
        } catch (IOException e) {
            last = e;
        }
        throw StatusException.ioException(last);
    }

    private SSLSocket handshake(Socket plain) throws IOException {
        SSLSocket socket = (SSLSocket)
                context.getSocketFactory().createSocket(plain, controller.host(), controller.grpcPort(), true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.setSoTimeout(ANSWER_TIMEOUT_MS);
        socket.startHandshake();
        return socket;
    }

    private void converse(SSLSocket socket) throws StatusException, InterruptedException {
        try {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            OutputStream out = socket.getOutputStream();
            expect(ask(in, out, "HELLO " + nodeId).equals("OK"));
            connected = true;
            HANDSHAKE_LOG.info(
                    "Handshake acknowledged. Session: %s, heartbeat interval: 30000ms".formatted(UUID.randomUUID()));
            LOG.info("Connected to controller (handshake acknowledged)");
            while (true) {
                Thread.sleep(PING_INTERVAL_MS);
                orders.accept(order(ask(in, out, "PING " + instances.getAsInt())));
            }
        } catch (SSLException e) {
            // In TLS 1.3 a refused client certificate shows only now, after our side of the handshake.
            throw StatusException.sslException(e);
        } catch (IOException e) {
            throw StatusException.ioException(e);
        }
    }

    private static Order order(String answer) throws StatusException {
        expect(answer.startsWith(PONG));
        String word = answer.substring(PONG.length()).strip();
        try {
            return word.isEmpty() ? Order.NONE : Order.valueOf(word);
        } catch (IllegalArgumentException e) {
            throw new StatusException("UNKNOWN: Application error processing RPC", e);
        }
    }

    private static void expect(boolean understood) throws StatusException {
        if (!understood) {
            throw new StatusException("UNKNOWN: Application error processing RPC", null);
        }
    }

    private static String ask(BufferedReader in, OutputStream out, String request)
            throws IOException, StatusException {
        out.write((request + "\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
        String answer = in.readLine();
        if (answer == null) {
            throw new StatusException("UNAVAILABLE: Network closed for unknown reason", null);
        }
        return answer;
    }
}
