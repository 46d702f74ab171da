// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The start of the stand-in controller, in upstream's order, because what a refused start leaves behind depends on it
 * (config.md section 4). Any failure ends the process with exit code 1; signals end it with the JVM's own codes.
 */
final class Main {
    private static final Logger LOG = LoggerFactory.getLogger("PrexorCloudBootstrap");
    private static final Path FORWARDING_SECRET = DaemonAuthority.SECURITY.resolve("forwarding.secret");

    private Main() {}

    public static void main(String[] args) {
        try {
            start();
        } catch (Exception | LinkageError e) {
            LOG.error("Failed to start PrexorCloud Controller: {}", recordedNames(e.getMessage()), e);
            Runtime.getRuntime().halt(1);
        }
    }

    private static void start() throws Exception {
        ControllerConfig loaded = ConfigFile.load();
        ConfigValidator.validate(loaded);
        Logging.apply(loaded.logging());
        LOG.info("PrexorCloud Controller v1.0.0-SNAPSHOT (Java {})", System.getProperty("java.version"));

        Store store = new Store(loaded.database(), loaded.scheduler().auditRetentionDays());
        ClusterState cluster = Raft.start(loaded);
        Coordination coordination = coordination(loaded);
        DaemonAuthority authority = new DaemonAuthority(nodeId -> Nodes.revoked(coordination, nodeId));
        ControllerConfig config = withSecret(loaded);
        JwtKeys keys = new JwtKeys(config.security());
        if (!Files.exists(FORWARDING_SECRET)) {
            Files.writeString(FORWARDING_SECRET, Secrets.hex(16));
            LOG.info("Generated cluster forwarding secret");
        }
        Roles roles = new Roles(store);
        Accounts accounts = new Accounts(store, roles, coordination, config.security());
        for (String directory : new String[] {"templates/base/files", "modules", "modules/data"}) {
            Files.createDirectories(Path.of(directory));
        }
        config.networks().forEach(network -> LOG.warn(
                "Failed to seed network '{}' from controller.yaml: lobbyGroup not found: {}", network.name(),
                network.lobbyGroup()));
        ConfigFile.writeCatalog();
        checkSigning(config);
        if (!config.security().passwordReset().enabled()) {
            LOG.info("Password reset disabled — security.passwordReset.enabled=false");
        }

        Subnets subnets = new Subnets(config.network().allowedSubnets());
        Nodes nodes = new Nodes(store, coordination, config.uuid());
        Metrics metrics = new Metrics(nodes, coordination);
        DaemonListener daemons = new DaemonListener(config.grpc(), authority, nodes, subnets);
        RestServer rest = new RestServer(config, subnets, coordination, keys, roles, metrics);
        Audit audit = new Audit(store);
        ClusterRoutes clusterRoutes = new ClusterRoutes(cluster, keys, audit);
        for (RestServer.Routes routes : new RestServer.Routes[] {
            new SystemRoutes(config, store, coordination, metrics, nodes, subnets, audit),
            new AccountRoutes(accounts, roles, keys, audit),
            new NodeRoutes(nodes, authority, subnets, keys, audit),
            clusterRoutes
        }) {
            routes.register(rest);
        }
        clusterRoutes.apply("startup v" + cluster.activeVersion());
        rest.start(config.http());
        ScheduledExecutorService heartbeat = schedule(config, authority, metrics);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            LOG.info("Shutting down...");
            heartbeat.shutdownNow();
            rest.stop();
            daemons.close();
            cluster.close();
            coordination.close();
            store.close();
        }, "shutdown-hook"));
        LOG.info("Controller ready - REST :{} | gRPC :{} | 1 templates | 0 groups", config.http().port(),
                config.grpc().port());
    }

    private static Coordination coordination(ControllerConfig config) {
        if (config.redis() == null) {
            LOG.warn("Running without Redis — coordination features (distributed rate-limit, SSE tickets, scheduler"
                    + " locks, event bridge) use in-process fallbacks. This is fine for single-controller development;"
                    + " set 'redis.uri' in controller.yml before running multiple controllers or load-testing against"
                    + " production behaviour.");
        }
        return Coordination.connect(config.redis());
    }

    private static ControllerConfig withSecret(ControllerConfig config) throws IOException {
        if (!config.security().jwtSecret().isBlank()) {
            return config;
        }
        LOG.info("No JWT secret configured — generated and persisting a new one");
        return ConfigFile.persistSecret(config, ConfigFile.newSecret());
    }

    private static void checkSigning(ControllerConfig config) {
        if (config.signingRequired()) {
            TrustRoots.check(config.modules().signing());
        } else if (config.production()) {
            LOG.warn("modules.signing.required=false in production profile — packages will install without signature"
                    + " verification. This is unsafe and intended only for incident recovery.");
        }
    }

    private static ScheduledExecutorService schedule(
            ControllerConfig config, DaemonAuthority authority, Metrics metrics) {
        ScheduledExecutorService heartbeat = Executors.newSingleThreadScheduledExecutor(
                task -> Thread.ofPlatform().daemon().name("heartbeat").unstarted(task));
        int tick = config.scheduler().evaluationIntervalSeconds();
        heartbeat.scheduleAtFixedRate(metrics::schedulerTick, tick, tick, TimeUnit.SECONDS);
        heartbeat.scheduleAtFixedRate(authority::rotate, 1, TimeUnit.DAYS.toSeconds(1), TimeUnit.SECONDS);
        heartbeat.scheduleWithFixedDelay(authority::reloadIfChanged, 2, 2, TimeUnit.SECONDS);
        return heartbeat;
    }

    /** Jackson and the JVM name classes in their messages; the recordings hold upstream's names. */
    private static String recordedNames(String message) {
        String here = Main.class.getPackageName() + ".";
        return String.valueOf(message)
                .replace(here + "LoggingConfig", "me.prexorjustin.prexorcloud.common.config.LoggingConfig")
                .replace(here, "me.prexorjustin.prexorcloud.controller.config.");
    }
}
