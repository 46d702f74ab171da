// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.daemon;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Game servers as children of the daemon. In place of the controller's orders a file instances/NAME/start
 * starts one (again when it is touched) and its removal stops it. Without a server.jar beside it the child
 * is a shell that writes into "stopped" what ended it: "command" or "signal". That tells an orderly stop from
 * one where the service manager killed the whole group. What the controller orders comes before the files.
 */
final class InstanceSupervisor implements Runnable {
    private static final Log LOG = new Log("InstanceSupervisor");
    private static final List<String> SHELL_CHILD = List.of(
            "/bin/sh",
            "-c",
            "trap 'echo signal > stopped; exit 0' TERM; "
                    + "while read -r line; do [ \"$line\" = stop ] && { echo command > stopped; exit 0; }; done");

    private record Child(Process process, FileTime startedFor) {}

    private final Path directory;
    private final int shutdownTimeoutSeconds;
    private final int killTimeoutSeconds;
    private final Map<String, Child> children = new HashMap<>();
    private volatile ControllerLink.Order wanted = ControllerLink.Order.NONE;
    private boolean closed;

    InstanceSupervisor(DaemonConfig.Instances config) throws IOException {
        directory = Files.createDirectories(Path.of(config.directory()));
        shutdownTimeoutSeconds = config.shutdownTimeoutSeconds();
        killTimeoutSeconds = config.killTimeoutSeconds();
    }

    synchronized int running() {
        return (int) children.values().stream().filter(c -> c.process().isAlive()).count();
    }

    /** Takes effect within a second; a shutdown ends the daemon as if by itself, so with exit code 0. */
    void obey(ControllerLink.Order given) {
        wanted = given;
        if (given == ControllerLink.Order.SHUTDOWN) {
            LOG.info("Controller requested shutdown (drain completed), shutting down...");
            Thread.ofPlatform().name("shutdown").start(() -> System.exit(0));
        }
    }

    @Override
    public void run() {
        try {
            while (true) {
                try {
                    reconcile();
                } catch (IOException | UncheckedIOException e) {
                    LOG.warn("cannot look after the instances: " + e.getMessage());
                }
                Thread.sleep(1000);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void reconcile() throws IOException {
        if (closed) {
            return;
        }
        boolean drain = wanted == ControllerLink.Order.DRAIN;
        for (String name : List.copyOf(children.keySet())) {
            if (drain || !Files.exists(directory.resolve(name).resolve("start"))) {
                stop(Map.of(name, children.remove(name)));
            }
        }
        if (wanted != ControllerLink.Order.NONE) {
            return;
        }
        try (DirectoryStream<Path> instances = Files.newDirectoryStream(directory, Files::isDirectory)) {
            for (Path instance : instances) {
                Path order = instance.resolve("start");
                if (Files.exists(order)) {
                    start(instance, Files.getLastModifiedTime(order));
                }
            }
        }
    }

    private void start(Path instance, FileTime order) throws IOException {
        String name = instance.getFileName().toString();
        Child previous = children.get(name);
        // A child that ended by itself stays down until the order is renewed.
        if (previous != null && (previous.process().isAlive() || previous.startedFor().equals(order))) {
            return;
        }
        List<String> command = Files.exists(instance.resolve("server.jar"))
                ? List.of("java", "-jar", "server.jar")
                : SHELL_CHILD;
        Process process = new ProcessBuilder(command)
                .directory(instance.toFile())
                .redirectErrorStream(true)
                .redirectOutput(instance.resolve("console.log").toFile())
                .start();
        children.put(name, new Child(process, order));
        LOG.info("Instance %s started (pid %d)".formatted(name, process.pid()));
    }

    /** Stops everything: the stop command first, SIGTERM after the first time limit, SIGKILL after the second. */
    synchronized void close() {
        closed = true;
        stop(children);
    }

    private void stop(Map<String, Child> some) {
        some.forEach((name, child) -> {
            LOG.info("Stopping instance " + name);
            try {
                child.process().getOutputStream().write("stop\n".getBytes(StandardCharsets.UTF_8));
                child.process().getOutputStream().flush();
            } catch (IOException e) {
                LOG.warn("Instance %s took no stop command: %s".formatted(name, e.getMessage()));
            }
        });
        some.forEach((name, child) -> {
            Process process = child.process();
            if (!waitFor(process, shutdownTimeoutSeconds)) {
                process.destroy();
                if (!waitFor(process, killTimeoutSeconds)) {
                    process.destroyForcibly();
                }
            }
            LOG.info("Instance %s stopped".formatted(name));
        });
    }

    private static boolean waitFor(Process process, int seconds) {
        try {
            return process.waitFor(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
