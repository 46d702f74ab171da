// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/** The series of metrics.md section 2: all of them exist from the first scrape on, most of them stay at zero. */
final class Metrics {
    /** kind | name | description, for everything without labels and without a value of its own. */
    private static final String IDLE = """
            counter | capabilities.deprecated.resolutions | Capability resolutions that landed on a deprecated provider
            gauge | capabilities.last.resolution.latency.millis | Last capability resolution latency in milliseconds
            counter | capabilities.rebindings | Total capability rebinding events
            counter | capabilities.resolutions | Total capability resolution passes
            gauge | capabilities.unresolved.requirements | Current unresolved platform module capability requirements
            counter | composition.planning.failures | Total failed instance composition planning attempts
            counter | coordination.lease.acquisitions | Distributed leases acquired (excluding renewals)
            counter | coordination.lease.contentions | Distributed lease acquisitions that lost the race to another controller
            counter | coordination.lease.renewals | Distributed leases renewed by the current holder
            gauge | crashes.total | Total crash records in buffer
            gauge | groups.total | Total configured groups
            counter | module.classloader.collected | Total module classloaders observed to be GC'd after unload
            counter | module.classloader.leaked | Total leak detections (one per poll a loader survives past the threshold)
            gauge | module.classloader.pending | Module classloaders awaiting collection after unload
            counter | module.classloader.tracked | Total module classloaders tracked since startup
            gauge | platform.extension.variants.total | Total registered workload extension variants from non-failed platform modules
            gauge | platform.extensions.total | Total registered workload extensions from non-failed platform modules
            gauge | platform.modules.total | Total platform modules known to the controller
            gauge | players.total | Total online players
            counter | scheduler.tick.failures | Total scheduler evaluation passes that threw before completion
            gauge | sse.clients.connected | SSE clients currently connected to /api/v1/events/stream
            gauge | workflows.healing.actions | Durable healing actions awaiting reconciliation
            gauge | workflows.node.drains | Durable node drain intents awaiting completion
            gauge | workflows.pending.transfers | Durable player transfer intents awaiting acknowledgement
            gauge | workflows.start.retries | Durable start retry intents awaiting reconciliation
            """;
    private static final String ROOT = "prexorcloud.";
    private static final Map<String, List<String>> LABELLED = Map.of(
            "platform.modules.state",
            List.of("state", "installed", "waiting", "active", "reloading", "stopping", "unloaded", "failed"),
            "module.health",
            List.of("status", "healthy", "degraded", "unhealthy", "unknown"));
    private static final Map<String, String> LABELLED_TEXT = Map.of(
            "platform.modules.state", "Platform module count by lifecycle state",
            "module.health", "Active platform modules by self-reported health status");

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Counter revocations;
    private final Timer tick;
    private final DistributionSummary evaluated;
    private volatile long lastTick;

    Metrics(Nodes nodes, Coordination coordination) {
        for (String line : IDLE.strip().split("\n")) {
            String[] parts = line.strip().split(" \\| ", 3);
            if (parts[0].equals("counter")) {
                Counter.builder(ROOT + parts[1]).description(parts[2]).register(registry);
            } else {
                gauge(parts[1], parts[2], () -> 0);
            }
        }
        LABELLED.forEach((name, label) -> label.stream().skip(1).forEach(value -> Gauge.builder(ROOT + name, () -> 0)
                .description(LABELLED_TEXT.get(name))
                .tag(label.getFirst(), value)
                .register(registry)));
        gauge("nodes.total", "Total connected nodes", nodes::connectedCount);
        gauge("instances.total", "Total running instances", nodes::instanceCount);
        gauge("grpc.daemon.sessions.active", "Active controller→daemon gRPC streams", nodes::sessionCount);
        // the gauge that makes a scrape wait while Redis is away
        gauge("sse.replay.buffer.size", "Events currently retained in the SSE replay buffer",
                () -> coordination.keys("sse:").size());
        gauge("scheduler.last.tick.lag.millis",
                "Milliseconds since the last completed scheduler tick (0 before first tick)",
                () -> lastTick == 0 ? 0 : (System.nanoTime() - lastTick) / 1_000_000);
        revocations = Counter.builder(ROOT + "coordination.jwt.revocations")
                .description("JWT revocation entries written to the coordination store")
                .register(registry);
        tick = Timer.builder(ROOT + "scheduler.tick.duration")
                .description("Duration of a single scheduler evaluation pass")
                .publishPercentiles(0.5, 0.95, 0.99)
                .register(registry);
        evaluated = DistributionSummary.builder(ROOT + "scheduler.groups.evaluated")
                .description("Groups evaluated per scheduler tick")
                .register(registry);
        DistributionSummary.builder(ROOT + "share.upload.bytes")
                .description("Redacted UTF-8 byte size of each paste-share upload")
                .register(registry);
    }

    private void gauge(String name, String description, Supplier<Number> value) {
        Gauge.builder(ROOT + name, value).description(description).register(registry);
    }

    void request(String method, int status, Duration took) {
        Tags tags = Tags.of("method", method.toLowerCase(Locale.ROOT), "status_class", status / 100 + "xx");
        registry.counter(ROOT + "http.requests", tags).increment();
        registry.timer(ROOT + "http.request.duration", tags).record(took);
    }

    void revocation() {
        revocations.increment();
    }

    /** There are no groups to evaluate; the scheduler only shows that it runs. */
    void schedulerTick() {
        tick.record(() -> evaluated.record(0));
        lastTick = System.nanoTime();
    }

    String scrape() {
        return registry.scrape();
    }
}
