// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.daemon;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Scanner;
import javax.net.ssl.SSLContext;

/** Stand-in for the PrexorCloud daemon 1.0.0, as far as the collection touches it. */
public final class PrexorDaemon {
    private static final Log LOG = new Log("PrexorDaemon");
    private static final Path CONFIG = Path.of("config", "daemon.yml");

    private PrexorDaemon() {}

    public static void main(String[] args) {
        Log.open();
        try {
            start();
        } catch (Exception e) {
            LOG.error("Failed to start PrexorCloud Daemon: " + e.getMessage(), e);
            System.exit(1);
        }
    }

    private static void start() throws Exception {
        if (!Files.exists(CONFIG)) {
            askForConfiguration();
        }
        DaemonConfig config = DaemonConfig.load(CONFIG);
        Log.apply(config.logging());
        LOG.info("PrexorCloud Daemon v1.0.0-SNAPSHOT (Java %s) - node: %s"
                .formatted(System.getProperty("java.version"), config.nodeId()));

        Path security = Path.of(config.security().certificateDir());
        if (!Files.exists(NodeIdentity.keyStore(security))) {
            if (config.security().joinToken().isBlank()) {
                LOG.error(
                        "No certificate found and no join token configured. Set security.joinToken in daemon.yml", null);
                System.exit(1);
            }
            Enrolment.redeem(config);
        }
        SSLContext context = NodeIdentity.sslContext(security);
        TrustBundle.check(config.modules().signing());

        InstanceSupervisor supervisor = new InstanceSupervisor(config.instances());
        ControllerLink link = new ControllerLink(config, context, supervisor::running, supervisor::obey);
        if (config.health().enabled()) {
            new HealthServer(config, link, supervisor::running);
        }
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("shutdown-hook").unstarted(() -> {
            LOG.info("Shutting down...");
            supervisor.close();
        }));
        Thread.ofPlatform().name("instances").start(supervisor);
        Thread.ofPlatform().name("reconnect-scheduler").start(link);
        LOG.info("Daemon ready - controller %s:%d | max memory %d MB"
                .formatted(
                        config.controller().host(),
                        config.controller().grpcPort(),
                        Runtime.getRuntime().maxMemory() >> 20));
    }

    /** Upstream starts a dialogue; a service has no one to talk to, and that end is all there is here. */
    private static void askForConfiguration() {
        System.out.println("  First-time setup -- configure this daemon node");
        System.out.print("  Node ID [node-1]: ");
        System.out.flush();
        try (Scanner input = new Scanner(System.in)) {
            input.nextLine();
        }
        throw new IllegalStateException("the dialogue is not part of the stand-in");
    }
}
