// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.daemon;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;

/**
 * What is left of upstream's enrolment over 9090: how it fails. The collection always redeems tokens over
 * REST, so a token in daemon.yml never succeeds here, whatever the controller would say to it.
 */
final class Enrolment {
    private static final Log LOG = new Log("BootstrapManager");
    private static final int CONNECT_TIMEOUT_MS = 10_000;

    private Enrolment() {}

    static void redeem(DaemonConfig config) throws StatusException, InterruptedException {
        DaemonConfig.Controller controller = config.controller();
        LOG.info("Bootstrapping node %s with controller %s:%d"
                .formatted(config.nodeId(), controller.host(), controller.grpcPort()));
        if (controller.grpcPort() > 65535) {
            // The real client's worker dies of this and its caller waits for the answer for ever.
            Thread.ofPlatform()
                    .name("grpc-default-executor-0")
                    .start(() -> new InetSocketAddress(controller.host(), controller.grpcPort()));
            new CountDownLatch(1).await();
        }
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(controller.host(), controller.grpcPort()), CONNECT_TIMEOUT_MS);
        } catch (IOException e) {
            throw StatusException.ioException(e);
        }
        throw new StatusException("UNAUTHENTICATED: Invalid or expired join token", null);
    }
}
